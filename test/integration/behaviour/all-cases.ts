/** The behaviour table, put together. Guarantees that no name is used twice. */
import type { BehaviourCase } from './case.js';
import { dataCases } from './cases/data.js';
import { directoryCases } from './cases/directories.js';
import { namingCases } from './cases/naming.js';
import { openingCases } from './cases/opening.js';
import { permissionCases } from './cases/permissions.js';
import { removalCases } from './cases/removal.js';
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
];

const names = new Set(allCases.map(({ name }) => name));
if (names.size !== allCases.length) throw new Error('two behaviour cases have the same name');
