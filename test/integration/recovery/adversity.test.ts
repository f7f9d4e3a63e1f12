/** Servers that have to go on although something is missing that a first server would insist on; and those that may not. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, captured } from '../../harness/captured.js';
import { eventually, output } from '../../harness/commands.js';
import { fuseMountAt } from '../../harness/fuse-mounts.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { isRunning } from '../../harness/processes.js';
import { whileStopped } from '../../harness/stopped-server.js';
import { killOnce, servingServer } from './server-state.js';

const limit = { timeout: 90_000 };
const patterns = ['*.log'];

/** Takes logs/ and meta/ away, and puts something else there, before the server can. */
function takeAway(fixture: MountFixture, replace: (path: string) => void = () => undefined): Promise<void> {
  return whileStopped(fixture, () => {
    for (const folder of ['logs', 'meta']) {
      const path = join(fixture.root, folder);
      renameSync(path, `${path}.away`);
      replace(path);
    }
  });
}

const mirrored = (fixture: MountFixture, name: string): string => readFileSync(join(fixture.mirror, name), 'utf8');

test('a server goes on where logs/ and meta/ have been removed, and captures again', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  append(fixture, 'app.log', 'before\n');
  await takeAway(fixture);
  await killOnce(fixture);
  append(fixture, 'app.log', 'after\n');
  assert.equal(mirrored(fixture, 'app.log'), 'before\nafter\n');
  assert.equal(captured(fixture, 'app.log'), 'after\n');
  await fixture.unmount();
});

test('a server goes on where logs/ and meta/ can not be read, and says so', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  append(fixture, 'app.log', 'before\n');
  await takeAway(fixture, (path) => writeFileSync(path, 'not a folder'));
  await killOnce(fixture);
  append(fixture, 'app.log', 'after\n');
  assert.equal(mirrored(fixture, 'app.log'), 'before\nafter\n');
  await eventually(() => /logs\/: not a directory; going on without/.test(fixture.ownLog()), { within: 10_000 });
  assert.match(fixture.ownLog(), /going on without a lock/);
});

test('a server goes on where its log can not be opened', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns });
  const folder = join(fixture.folder, 'own');
  const logfile = join(folder, 'own.log');
  await fixture.remount([`logfile=${logfile}`]);
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, 'not a folder');
  await killOnce(fixture);
  append(fixture, 'app.log', 'after\n');
  assert.equal(captured(fixture, 'app.log'), 'after\n');
  rmSync(folder);
  mkdirSync(folder);
  const log = (): string => (existsSync(logfile) ? readFileSync(logfile, 'utf8') : '');
  await eventually(() => /serving again/.test(log()), { within: 30_000, what: 'a log, later' });
  assert.ok(fixture.isMounted());
});

test('how a server ended is told by the next one', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
    await killOnce(fixture, signal);
    const told = new RegExp(`"level":"warn".*the server before this one was killed by ${signal}"`);
    await eventually(() => told.test(fixture.ownLog()), { within: 10_000, what: signal });
  }
});

test('a supervisor whose mount is gone leaves the one alone that has come after it', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  append(fixture, 'app.log', 'first\n');
  const supervisors = fixture.supervisorPids();
  for (const pid of supervisors) process.kill(pid, 'SIGSTOP');
  t.after(() => {
    for (const pid of supervisors.filter(isRunning)) process.kill(pid, 'SIGKILL');
  });
  process.kill(servingServer(fixture).pid, 'SIGKILL');
  await output('umount', ['-l', fixture.mountpoint]);
  await fixture.remount();
  const mount = fuseMountAt(fixture.mountpoint);
  for (const pid of supervisors) process.kill(pid, 'SIGCONT');
  await eventually(() => !supervisors.some(isRunning), { within: 30_000, what: 'the end of the first supervisor' });
  assert.deepEqual(fuseMountAt(fixture.mountpoint), mount);
  append(fixture, 'app.log', 'second\n');
  assert.equal(captured(fixture, 'app.log'), 'first\nsecond\n');
  assert.doesNotMatch(fixture.ownLog(), /given up/);
});

test('a server that dies between mounting and telling so leaves nothing mounted', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns });
  process.env.LOGAGG_CRASH_AT = 'mounted';
  t.after(() => delete process.env.LOGAGG_CRASH_AT);
  const { code, stderr } = await fixture.runMount();
  delete process.env.LOGAGG_CRASH_AT;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /the server ended before it could serve/);
  assert.equal(fuseMountAt(fixture.mountpoint), undefined);
  await fixture.remount();
  append(fixture, 'app.log', 'line\n');
});

test('more than half of the descriptors can be open files, also after a kill', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns });
  await fixture.remountWithLimit(1024);
  const names = Array.from({ length: 700 }, (_, file) => `f${file}.log`);
  const fds = names.map((name) => openSync(fixture.path(name), 'a'));
  await killOnce(fixture);
  for (const fd of fds) writeSync(fd, 'line\n');
  for (const fd of fds) closeSync(fd);
  for (const name of names) assert.equal(captured(fixture, name), 'line\n', name);
  assert.doesNotMatch(fixture.ownLog(), /EBADF/);
});
