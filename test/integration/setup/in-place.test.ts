/** `-o inplace`: the real files stay in the directory underneath the mountpoint. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { capturedText } from '../../harness/chunks.js';
import { eventually, output, run } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { isRunning } from '../../harness/processes.js';
import { launcher } from '../../harness/project.js';
import { killEverything } from '../../harness/sudden-end.js';

const limit = { timeout: 60_000 };

function prepare(t: TestContext, options: readonly string[] = ['inplace']): MountFixture {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'], options });
  fixture.after(async () => {
    await run('umount', ['-l', fixture.mountpoint]);
    await eventually(() => fixture.serverPids().length === 0, { within: 10_000, what: 'the end of the server' });
    while (bindMounts(fixture) > 0) await output('umount', ['-l', fixture.mirror]);
  });
  writeFileSync(fixture.path('app.log'), 'old\n');
  mkdirSync(fixture.path('nginx'));
  return fixture;
}

const bindMounts = ({ mirror }: MountFixture): number =>
  readFileSync('/proc/self/mountinfo', 'utf8').split(` ${mirror} `).length - 1;

const append = (path: string): Promise<string> => output('sh', ['-c', 'echo new >> "$1"', 'sh', path]);

async function assertPlain(fixture: MountFixture, text: string): Promise<void> {
  await eventually(() => bindMounts(fixture) === 0, { within: 10_000, what: 'the end of the bind mount' });
  assert.equal(fixture.isMounted(), false);
  assert.deepEqual(readdirSync(fixture.mountpoint).sort(), ['app.log', 'nginx']);
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), text);
  assert.deepEqual(readdirSync(fixture.mirror), []);
}

for (const engine of ['kernel', 'fuse-native']) {
  test(`the existing files are there, are captured, and stay after umount (engine=${engine})`, limit, async (t) => {
    const fixture = prepare(t, ['inplace', `engine=${engine}`]);
    await fixture.remount();
    assert.equal(await output('cat', [fixture.path('app.log')]), 'old\n');
    await append(fixture.path('app.log'));
    assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'old\nnew\n');
    assert.equal(capturedText(fixture.logs, fixture.path('app.log')), 'new\n');
    await fixture.unmount();
    await assertPlain(fixture, 'old\nnew\n');
  });
}

test('after umount -l the directory is plain at once, and the bind mount goes with the last file', limit, async (t) => {
  const fixture = prepare(t);
  await fixture.remount();
  const pids = fixture.serverPids();
  await append(fixture.path('app.log'));
  await output('umount', ['-l', fixture.mountpoint]);
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), 'old\nnew\n');
  await eventually(() => !pids.some(isRunning), { within: 10_000 });
  await assertPlain(fixture, 'old\nnew\n');
});

test('SIGTERM leaves a plain directory', limit, async (t) => {
  const fixture = prepare(t);
  await fixture.remount();
  await append(fixture.path('app.log'));
  process.kill(fixture.serverPid(), 'SIGTERM');
  await assertPlain(fixture, 'old\nnew\n');
});

test('when everything is killed the files are complete, and the next mount replaces what is left', limit, async (t) => {
  const fixture = prepare(t);
  await fixture.remount();
  await append(fixture.path('app.log'));
  await killEverything(fixture.folder);
  await output('umount', ['-l', fixture.mountpoint]);
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), 'old\nnew\n');
  assert.equal(bindMounts(fixture), 1);
  await fixture.remount();
  await append(fixture.path('app.log'));
  assert.equal(bindMounts(fixture), 1);
  await fixture.unmount();
  await assertPlain(fixture, 'old\nnew\nnew\n');
});

test('a stale mount and its bind mount are both replaced', limit, async (t) => {
  const fixture = prepare(t);
  await fixture.remount();
  await killEverything(fixture.folder);
  await fixture.remount();
  assert.equal(await output('cat', [fixture.path('app.log')]), 'old\n');
  assert.equal(bindMounts(fixture), 1);
  await fixture.unmount();
  await assertPlain(fixture, 'old\n');
});

test('where mounts are shared, ours does not appear in the mirror', limit, async (t) => {
  const fixture = prepare(t);
  await output('mount', ['--bind', fixture.folder, fixture.folder]);
  await output('mount', ['--make-shared', fixture.folder]);
  fixture.after(async () => {
    await output('umount', ['-l', fixture.folder]);
  });
  await fixture.remount();
  assert.equal(bindMounts(fixture), 1);
  assert.match(await output('findmnt', ['-no', 'PROPAGATION', fixture.mirror]), /^private\s*$/);
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'old\n');
  await fixture.unmount();
  await assertPlain(fixture, 'old\n');
});

test('a file system that is mounted below the directory is shown, and stays', limit, async (t) => {
  const fixture = prepare(t);
  await output('mount', ['-t', 'tmpfs', 'disk', fixture.path('nginx')]);
  fixture.after(async () => {
    await output('umount', ['-l', fixture.path('nginx')]);
  });
  appendFileSync(fixture.path('nginx', 'access.log'), 'one\n');
  await fixture.remount();
  await append(fixture.path('nginx', 'access.log'));
  await fixture.unmount();
  assert.equal(readFileSync(fixture.path('nginx', 'access.log'), 'utf8'), 'one\nnew\n');
});

test('a mirror that holds files is refused, and nothing is mounted', limit, async (t) => {
  const fixture = prepare(t);
  mkdirSync(join(fixture.mirror, 'x'), { recursive: true });
  const outcome = await fixture.runMount();
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /inplace needs an empty .*mirror/);
  assert.equal(bindMounts(fixture), 0);
});

test('something else that is mounted on the mirror is refused, and stays', limit, async (t) => {
  const fixture = prepare(t);
  mkdirSync(fixture.mirror);
  await output('mount', ['-t', 'tmpfs', 'disk', fixture.mirror]);
  const outcome = await fixture.runMount();
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /is a mount of something else/);
  assert.equal(bindMounts(fixture), 1);
});

test('root= below the mountpoint, and a second mount of the same root, are refused', limit, async (t) => {
  const fixture = prepare(t);
  const below = await fixture.runMount([`root=${fixture.path('nginx')}`]);
  assert.equal(below.code, 3);
  assert.match(below.stderr, /lies inside the mountpoint/);
  await fixture.remount();
  const other = join(fixture.folder, 'other');
  mkdirSync(other);
  const [, ...args] = fixture.mountArguments();
  const second = await run(launcher, [other, ...args]);
  assert.equal(second.code, 3);
  assert.equal(await output('cat', [fixture.path('app.log')]), 'old\n');
  assert.equal(bindMounts(fixture), 1);
});
