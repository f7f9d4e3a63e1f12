/**
 * Backup programs see no difference: a tree with every kind of entry goes into the mount and comes out of it by tar,
 * rsync and cp, and is the same afterwards.
 */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { output } from '../../harness/commands.js';
import { makeEntryZoo, sparseName, sparseSize } from '../../harness/entry-zoo.js';
import { assertHealthy } from '../../harness/health.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { temporaryPrefix } from '../../harness/project.js';
import { listTree } from '../../harness/tree-listing.js';

const limit = { timeout: 120_000 };

/** Shell commands that copy the tree `$1` to the existing folder `$2`. */
interface Copier {
  readonly script: string;
  /** Whether holes stay holes. */
  readonly keepsHoles: boolean;
  /** What the program does not copy, or not as it was, on any file system. */
  readonly leavesOut: readonly string[];
}

const tarOptions = "--format=posix --numeric-owner --acls --xattrs --xattrs-include='*'";

const copiers: Record<string, Copier> = {
  tar: {
    script: `tar -C "$1" ${tarOptions} --sparse -cf - . 2>"$2.log" | tar -C "$2" ${tarOptions} -xpf -`,
    keepsHoles: true,
    // It copies a pipe with two names as two pipes.
    leavesOut: ['socket', 'linked-fifo', 'directory/linked-fifo'],
  },
  'rsync -aAXH': { script: 'rsync -aAXH --numeric-ids "$1/" "$2/"', keepsHoles: false, leavesOut: [] },
  'cp -a': { script: 'cp -a "$1/." "$2/"', keepsHoles: true, leavesOut: [] },
};

let folder = '';
let source = '';
let expected: string[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  source = join(folder, 'source');
  mkdirSync(source);
  await makeEntryZoo(source);
  expected = await listTree(source);
});

after(() => rmSync(folder, { recursive: true, force: true }));

const copy = ({ script }: Copier, from: string, to: string): Promise<string> =>
  output('sh', ['-ec', script, 'sh', from, to], { cwd: '/' });

/** rsync, which compares contents, finds nothing to do in either direction. */
async function assertNothingToSync(one: string, other: string, leavesOut: readonly string[]): Promise<void> {
  const excluded = leavesOut.map((name) => `--exclude=/${name}`);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    const itemized = await output('rsync', [
      ...['-n', '-aAXHc', '--numeric-ids', '--delete', '-i', ...excluded],
      ...[`${from}/`, `${to}/`],
    ]);
    assert.equal(itemized, '', `rsync from ${from} to ${to} has nothing to do`);
  }
}

/** A copy of the source is the same by our listing and by rsync. */
async function assertSameAsSource(copied: string, { leavesOut, keepsHoles }: Copier): Promise<void> {
  const isCopied = (line: string): boolean => !leavesOut.some((name) => line.startsWith(`"${name}" `));
  assert.deepEqual((await listTree(copied)).filter(isCopied), expected.filter(isCopied));
  await assertNothingToSync(source, copied, leavesOut);
  if (!keepsHoles) return;
  const { size, blocks } = lstatSync(join(copied, sparseName));
  assert.equal(size, sparseSize);
  assert.ok(blocks * 512 < sparseSize / 4, `${blocks} blocks: the holes are holes`);
}

test('the listing shows what an entry carries', () => {
  const carried = ['user.empty=', 'trusted.of-symlink=', 'security.capability=', 'system.posix_acl_default='];
  for (const name of carried)
    assert.ok(
      expected.some((line) => line.includes(` ${name}`)),
      name,
    );
});

for (const [name, copier] of Object.entries(copiers)) {
  test(`${name} copies every kind of entry from one plain directory to another`, limit, async (t) => {
    const copied = mkdtempSync(join(folder, 'copied-'));
    t.after(() => rmSync(copied, { recursive: true }));
    await copy(copier, source, copied);
    await assertSameAsSource(copied, copier);
  });

  test(`${name} copies every kind of entry into the mount, within it and out of it`, limit, async (t) => {
    const fixture = await MountFixture.mount(t, { patterns: ['**'], options: ['dev', 'suid'] });
    const [into, within, out] = [fixture.path('into'), fixture.path('within'), join(fixture.folder, 'out')];
    for (const path of [into, within, out]) mkdirSync(path);
    await copy(copier, source, into);
    await assertSameAsSource(into, copier);
    await assertSameAsSource(join(fixture.mirror, 'into'), copier);
    await copy(copier, into, within);
    await assertSameAsSource(within, copier);
    await copy(copier, within, out);
    await assertSameAsSource(out, copier);
    await assertHealthy(fixture);
  });
}

test('the tree itself can be made in the mount, and is the same as on a plain directory', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'], options: ['dev', 'suid'] });
  const made = fixture.path('made');
  mkdirSync(made);
  await makeEntryZoo(made);
  const complete: Copier = { script: '', keepsHoles: true, leavesOut: [] };
  await assertSameAsSource(made, complete);
  await fixture.unmount();
  await fixture.remount();
  await assertSameAsSource(made, complete);
  await assertHealthy(fixture);
});
