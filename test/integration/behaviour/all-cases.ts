/** The behaviour table, put together. Guarantees that no name is used twice. */
import type { BehaviourCase } from './case.js';
import { aclCases } from './cases/acls.js';
import { attributeCases } from './cases/attributes.js';
import { copyCases } from './cases/copying.js';
import { dataCases } from './cases/data.js';
import { directoryCases } from './cases/directories.js';
import { inodeCases } from './cases/inodes.js';
import { mappingCases } from './cases/mappings.js';
import { namingCases } from './cases/naming.js';
import { openingCases } from './cases/opening.js';
import { pathCases } from './cases/paths.js';
import { permissionCases } from './cases/permissions.js';
import { rangeCases } from './cases/ranges.js';
import { removalCases } from './cases/removal.js';
import { setIdCases } from './cases/set-id.js';
import { sharingCases } from './cases/sharing.js';
import { specialCases } from './cases/special.js';
import { timeCases } from './cases/times.js';

/** Every case, in the order in which they run. */
export const allCases: readonly BehaviourCase[] = [
  ...openingCases,
  ...dataCases,
  ...removalCases,
  ...namingCases,
  ...directoryCases,
  ...permissionCases,
  ...timeCases,
  ...specialCases,
  ...attributeCases,
  ...aclCases,
  ...rangeCases,
  ...copyCases,
  ...sharingCases,
  ...mappingCases,
  ...setIdCases,
  ...inodeCases,
  ...pathCases,
];

const names = new Set(allCases.map(({ name }) => name));
if (names.size !== allCases.length) throw new Error('two behaviour cases have the same name');
