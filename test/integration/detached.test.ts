/** A server whose mount was detached (umount -l) while somebody had a file open: it serves on, and bothers nobody else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { capturedText } from '../harness/chunks.js';
import { eventually, output, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { isRunning } from '../harness/processes.js';
import { launcher } from '../harness/project.js';

const limit = { timeout: 60_000 };
const endLimit = 5000;

/** A mount with a file open, then detached. */
async function detached(t: TestContext): Promise<{ fixture: MountFixture; fd: number; pid: number }> {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  const pid = fixture.serverPid();
  await output('umount', ['--lazy', fixture.mountpoint]);
  t.after(() => {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  });
  return { fixture, fd, pid };
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Its server is gone.
  }
}

test('what is still open is mirrored and captured after umount -l, and the server ends with it', limit, async (t) => {
  const { fixture, fd, pid } = await detached(t);
  writeSync(fd, 'still here\n');
  closeSync(fd);
  await eventually(() => !isRunning(pid), { within: endLimit, what: 'the end of the server' });
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'still here\n');
  assert.equal(capturedText(fixture.logs, fixture.path('app.log')), 'still here\n');
});

test('SIGTERM ends a server whose mount was detached', limit, async (t) => {
  const { fd, pid } = await detached(t);
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isRunning(pid), { within: endLimit, what: 'the end of the server' });
  closeQuietly(fd);
});

test('a server that ends leaves the mount alone that has taken the place of its own', limit, async (t) => {
  const { fixture, fd, pid } = await detached(t);
  const outcome = await run(launcher, [fixture.mountpoint, '-o', `root=${fixture.folder}/other-cache`]);
  assert.equal(outcome.code, 0, outcome.stderr);
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isRunning(pid), { within: endLimit, what: 'the end of the old server' });
  closeQuietly(fd);
  assert.ok(fixture.isMounted(), 'the newer mount is still there');
  await output('touch', [fixture.path('x')], { timeout: 10_000 });
});

test('SIGTERM ends a server of whose mount another namespace has a copy', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const pid = fixture.serverPid();
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sleep', '30'], { stdio: 'ignore' });
  t.after(() => holder.kill('SIGKILL'));
  const namespace = (of: number | undefined): string => readlinkSync(`/proc/${of}/ns/mnt`);
  await eventually(() => namespace(holder.pid) !== namespace(process.pid), { within: endLimit, what: 'a namespace' });
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isRunning(pid), { within: endLimit, what: 'the end of the server' });
});
