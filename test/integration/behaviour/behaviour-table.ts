/**
 * The behaviour table on one kind of mount: each case runs on a plain directory and on the mount, and results, the tree it
 * leaves on the mount, and the tree in the mirror must all be what the plain directory has.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MountFixture } from '../../harness/mount-fixture.js';
import { nobody } from '../../harness/project.js';
import type { Actor } from './case.js';
import { differenceOf } from './known-differences.js';
import { Broken, caseDirectory, casesOf, runCases } from './run-cases.js';
import { listInodes, listTree } from './tree.js';

/** A kind of mount. */
export interface Variant {
  /** What it is called in test names, behind a comma; empty for what users get by default. */
  readonly name: string;
  /** Mount options. */
  readonly options: readonly string[];
  /** Lines of trackfiles.txt; below the mountpoint. */
  readonly patterns?: readonly string[];
  /** Who runs cases; both unless told. */
  readonly actors?: readonly Actor[];
  /** Names of cases that need not agree with the plain directory, with the reason. */
  readonly limitations?: ReadonlyMap<string, string>;
}

const titles: Record<Actor, string> = {
  root: 'mount behaves like a plain directory',
  user: 'mount behaves like a plain directory for an unprivileged user',
};

interface Results {
  readonly plain: Map<string, unknown>;
  readonly mount: Map<string, unknown>;
}

/** Directory of a case below the mountpoint, in the mirror and on the plain directory. */
interface Places {
  readonly mounted: string;
  readonly mirrored: string;
  readonly plain: string;
}

function compareTrees({ mounted, mirrored, plain }: Places): void {
  const expected = listTree(plain);
  assert.deepEqual(listTree(mirrored, mounted), expected, 'the mirror');
  assert.deepEqual(listTree(mounted), expected, 'the mount');
  assert.deepEqual(listInodes(mounted), listInodes(mirrored), 'inode numbers');
}

/** A case that may differ must still come to an end, and leave the mount usable for the next one. */
function assertEnded(name: string, { mount }: Results): void {
  const onMount = mount.get(name);
  assert.ok(!(onMount instanceof Broken), JSON.stringify(onMount));
}

function compare(name: string, results: Results, places: Places, actor: Actor): void {
  const [onMount, onPlain] = [results.mount.get(name), results.plain.get(name)];
  assert.ok(!(onPlain instanceof Broken), `the case is broken: ${JSON.stringify(onPlain)}`);
  const difference = differenceOf(name);
  if (difference === undefined) {
    assert.deepEqual(onMount, onPlain);
    compareTrees(places);
  } else {
    assert.deepEqual(onMount, difference.onMount(actor === 'root' ? 0 : nobody), difference.reason);
  }
}

/** Registers the tests of a variant: every case, as root and as an unprivileged user unless it names its actors. */
export function testBehaviour(variant: Variant): void {
  for (const actor of variant.actors ?? (['root', 'user'] as const)) describeActor(variant, actor);
}

function describeActor(variant: Variant, actor: Actor): void {
  const title = variant.name === '' ? titles[actor] : `${titles[actor]}, ${variant.name}`;
  describe(title, () => {
    let fixture: MountFixture;
    let plain: string;
    let results: Results;

    const cleanUps: (() => Promise<void>)[] = [];
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp();
    });
    before(async () => {
      const { options, patterns } = variant;
      const registry = { after: (cleanUp: () => Promise<void>) => cleanUps.push(cleanUp) };
      fixture = await MountFixture.mount(registry, patterns === undefined ? { options } : { options, patterns });
      chmodSync(fixture.mountpoint, 0o755);
      // As long as the mountpoint's name, so that absolute symlinks have the same length.
      const outside = join(fixture.folder, 'out');
      mkdirSync(outside);
      plain = join(outside, 'cases');
      const [onPlain, onMount] = await Promise.all([runCases(plain, actor), runCases(fixture.path('cases'), actor)]);
      results = { plain: onPlain, mount: onMount };
    });

    for (const { name } of casesOf(actor)) {
      const limitation = variant.limitations?.get(name);
      const limited = limitation === undefined ? '' : ` (not expected: ${limitation})`;
      it(`${title}: ${name}${limited}`, { timeout: 60_000 }, () => {
        if (limitation !== undefined) return assertEnded(name, results);
        const places = {
          mounted: caseDirectory(fixture.path('cases'), name),
          mirrored: caseDirectory(join(fixture.mirror, 'cases'), name),
          plain: caseDirectory(plain, name),
        };
        compare(name, results, places, actor);
      });
    }
  });
}
