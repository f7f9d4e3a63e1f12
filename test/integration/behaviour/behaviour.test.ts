/**
 * The behaviour table: each case runs on a plain directory and on the mount, and results, the tree it leaves on the
 * mount, and the tree in the mirror must all be what the plain directory has.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MountFixture } from '../../harness/mount-fixture.js';
import type { Actor } from './case.js';
import { Broken, caseDirectory, casesOf, runCases } from './run-cases.js';
import { listTree } from './tree.js';

const titles: Record<Actor, string> = {
  root: 'mount behaves like a plain directory',
  user: 'mount behaves like a plain directory for an unprivileged user',
};

for (const actor of ['root', 'user'] as const) {
  describe(titles[actor], () => {
    let fixture: MountFixture;
    let plain: string;
    let results: { readonly plain: Map<string, unknown>; readonly mount: Map<string, unknown> };

    const cleanUps: (() => Promise<void>)[] = [];
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp();
    });
    before(async () => {
      fixture = await MountFixture.mount({ after: (cleanUp) => cleanUps.push(cleanUp) });
      chmodSync(fixture.mountpoint, 0o755);
      // As long as the mountpoint's name, so that absolute symlinks have the same length.
      const outside = join(fixture.folder, 'out');
      mkdirSync(outside);
      plain = join(outside, 'cases');
      results = {
        plain: await runCases(plain, actor),
        mount: await runCases(fixture.path('cases'), actor),
      };
    });

    for (const { name } of casesOf(actor)) {
      it(`${titles[actor]}: ${name}`, { timeout: 60_000 }, () => {
        const [onMount, onPlain] = [results.mount.get(name), results.plain.get(name)];
        assert.ok(!(onPlain instanceof Broken), `the case is broken: ${JSON.stringify(onPlain)}`);
        assert.deepEqual(onMount, onPlain);
        const mounted = caseDirectory(fixture.path('cases'), name);
        const expected = listTree(caseDirectory(plain, name));
        const mirrored = listTree(caseDirectory(join(fixture.mirror, 'cases'), name), mounted);
        assert.deepEqual(mirrored, expected, 'the mirror');
        assert.deepEqual(listTree(mounted), expected, 'the mount');
      });
    }
  });
}
