/**
 * Debian's file system stressors, with their verification, on the mount: each passes there where it passes on a plain
 * directory. The mount is the same for all, and every write into it is captured.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { assertHealthy } from '../../harness/health.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { temporaryPrefix } from '../../harness/project.js';
import {
  clearInodeFlags,
  knownStressors,
  runStressor,
  type StressorBounds,
  type StressorResult,
} from '../../harness/stress-ng.js';
import { byLength } from '../../harness/test-length.js';

/** Stressors, each with the operations of its short run: about half a second, where it does not run by the clock. */
const stressors: Record<string, number> = {
  access: 300,
  chattr: 50,
  chdir: 200,
  chmod: 300,
  chown: 1000,
  'copy-file': 20,
  dentry: 3000,
  dir: 3000,
  dirdeep: 500,
  dirmany: 3000,
  dup: 20,
  fallocate: 20,
  fcntl: 1000,
  fiemap: 100,
  'file-ioctl': 300,
  filename: 300,
  flock: 3000,
  fpunch: 20,
  fstat: 300,
  getdent: 1000,
  handle: 1000,
  hdd: 1000,
  'inode-flags': 20,
  io: 20,
  iomix: 200,
  link: 20,
  locka: 3000,
  lockf: 3000,
  lockofd: 3000,
  mknod: 100,
  mmap: 5,
  msync: 100,
  open: 1000,
  readahead: 300,
  rename: 1000,
  revio: 500,
  seek: 1000,
  sendfile: 100,
  splice: 300,
  symlink: 5,
  'sync-file': 10,
  touch: 300,
  unlink: 20,
  utime: 1000,
  xattr: 50,
};

/** Stressors that stress-ng does not have, or that do not pass on plain ext4. */
const leftOut: Record<string, string> = {
  unlink: 'the stress-ng of Debian 12, 0.15.06, does not have it yet',
};

/** Stressors that no FUSE file system can pass: the kernel's FUSE client does not have the operation. */
const impossible: Record<string, RegExp> = {
  fiemap: /FS_IOC_FIEMAP not supported on the file system, skipping/,
};

/** Stressors that leave a file which they have made immutable, on a plain directory too, when their time ends just then. */
const leavesImmutable: readonly string[] = ['chattr', 'inode-flags'];

const limit = { timeout: byLength(180_000, 300_000) };
const known = await knownStressors();
const cleanUps: (() => Promise<void>)[] = [];
let shared: MountFixture | undefined;

after(async () => {
  const outcomes = await Promise.allSettled(cleanUps.map((cleanUp) => cleanUp()));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
});

/** The mount of all stressors; a new one when a stressor has broken it. */
async function healthyMount(): Promise<MountFixture> {
  if (shared !== undefined) return shared;
  const fixture = await MountFixture.mount({ after: (cleanUp) => cleanUps.push(cleanUp) }, { patterns: ['**'] });
  fixture.after(() => clearInodeFlags(fixture.mirror));
  shared = fixture;
  return fixture;
}

/** Does what a collector does: what was captured is taken and removed, the file that is being written included. */
function removeChunks(fixture: MountFixture): void {
  for (const name of readdirSync(fixture.logs)) rmSync(join(fixture.logs, name), { force: true });
}

function plainFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  t.after(async () => {
    await clearInodeFlags(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Runs a stressor in a folder of the shared mount, and checks what it leaves. */
async function runOnMount(name: string, bounds: StressorBounds): Promise<StressorResult> {
  const fixture = await healthyMount();
  shared = undefined;
  const folder = fixture.path(name);
  mkdirSync(folder);
  const result = await runStressor(name, folder, bounds);
  if (leavesImmutable.includes(name)) await clearInodeFlags(folder);
  else assert.deepEqual(result.left, [], `nothing left behind: ${result.said}`);
  rmSync(folder, { recursive: true });
  await assertHealthy(fixture);
  removeChunks(fixture);
  shared = fixture;
  return result;
}

test('stress-ng knows every stressor of the list, except for those that are left out', () => {
  const unknown = Object.keys(stressors).filter((name) => !known.has(name) && leftOut[name] === undefined);
  assert.deepEqual(unknown, []);
});

for (const [name, operations] of Object.entries(stressors)) {
  if (!known.has(name) || impossible[name] !== undefined) continue;
  test(`stress-ng --${name} passes as on a plain directory`, limit, async (t) => {
    const short: StressorBounds = { operations, seconds: 1, instances: 2 };
    const plain = await runStressor(name, plainFolder(t), short);
    assert.equal(plain.verdict, 'passed', `not even on a plain directory: ${plain.said}`);
    const long: StressorBounds = { operations: operations * 50, seconds: 10, instances: 2 };
    const result = await runOnMount(name, byLength(short, long));
    assert.equal(result.verdict, 'passed', result.said);
    if (plain.operations === 0 || result.operations > 0) return;
    const patient = await runOnMount(name, { operations: 1, seconds: 20, instances: 1 });
    assert.ok(patient.operations > 0, `it does something: ${patient.said}`);
  });
}

for (const [name, reason] of Object.entries(impossible)) {
  test(`stress-ng --${name} is skipped, as on every FUSE file system`, limit, async () => {
    const { said } = await runOnMount(name, { operations: 100, seconds: 1, instances: 2 });
    assert.match(said, reason);
  });
}
