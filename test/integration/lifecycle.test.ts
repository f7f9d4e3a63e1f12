/** Starting and ending: what the mount command promises, and how a server goes. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, captured, untilCapture } from '../harness/captured.js';
import { chunksOf, isSealed } from '../harness/chunks.js';
import { ended, eventually, output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { isRunning } from '../harness/processes.js';

const limit = { timeout: 90_000 };
/** The longest time in milliseconds in which a server must have ended. */
const endLimit = 5000;

function assertAllSealed(fixture: MountFixture, ...names: string[]): void {
  for (const name of names) {
    const chunks = chunksOf(fixture.logs, fixture.path(name));
    assert.equal(chunks.length, 1, name);
    assert.deepEqual(chunks.map(isSealed), [true], name);
  }
}

function exitCodeOf(fixture: MountFixture): Promise<number | null | 'still running'> {
  const child = fixture.foreground;
  assert.ok(child);
  const late = new Promise<'still running'>((resolve) => setTimeout(resolve, endLimit, 'still running').unref());
  return Promise.race([ended(child), late]);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends a foreground mount with exit code 0 and sealed chunks`, limit, async (t) => {
    const fixture = await MountFixture.mount(t, { patterns: ['*.log'], foreground: true });
    for (const name of ['a.log', 'b.log']) append(fixture, name, 'x\n');
    fixture.foreground?.kill(signal);
    assert.equal(await exitCodeOf(fixture), 0);
    assert.equal(fixture.isMounted(), false);
    assertAllSealed(fixture, 'a.log', 'b.log');
  });

  test(`${signal} ends a background mount and seals its chunks`, limit, async (t) => {
    const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
    append(fixture, 'a.log', 'x\n');
    const pid = fixture.serverPid();
    process.kill(pid, signal);
    await eventually(() => !isRunning(pid), { within: endLimit, what: 'the end of the server' });
    assert.equal(fixture.isMounted(), false);
    assertAllSealed(fixture, 'a.log');
  });
}

test('umount ends a foreground mount with exit code 0 and sealed chunks', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], foreground: true });
  append(fixture, 'a.log', 'x\n');
  await output('umount', [fixture.mountpoint]);
  assert.equal(await exitCodeOf(fixture), 0);
  assertAllSealed(fixture, 'a.log');
});

test('umount ends a background mount and leaves no process', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'a.log', 'x\n');
  const pids = fixture.serverPids();
  assert.notEqual(pids.length, 0);
  await output('umount', [fixture.mountpoint]);
  await eventually(() => !pids.some(isRunning), { within: endLimit, what: 'the end of the server' });
  assertAllSealed(fixture, 'a.log');
});

test('SIGTERM ends the mount although a file on it is open', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], foreground: true });
  const fd = openSync(fixture.path('a.log'), 'a');
  writeSync(fd, 'x\n');
  fixture.foreground?.kill('SIGTERM');
  const code = await exitCodeOf(fixture);
  try {
    closeSync(fd);
  } catch {
    // Its server is gone; the kernel has closed it.
  }
  assert.equal(code, 0);
  assert.equal(fixture.isMounted(), false);
  assertAllSealed(fixture, 'a.log');
});

test('SIGHUP rereads trackfiles.txt and the server goes on', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['other.log'] });
  const pid = fixture.serverPid();
  fixture.writeTrackfiles(`${fixture.path('app.log')}\n`);
  process.kill(pid, 'SIGHUP');
  await untilCapture(fixture, 'app.log', true);
  process.kill(pid, 'SIGHUP');
  append(fixture, 'app.log', 'after the second\n');
  assert.match(captured(fixture, 'app.log'), /after the second\n$/);
  assert.equal(fixture.serverPid(), pid);
});

test('when the mount command returns, the mount serves and captures', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  for (let round = 0; round < 5; round++) {
    const outcome = await fixture.runMount();
    assert.equal(outcome.code, 0, outcome.stderr);
    append(fixture, 'app.log', `round ${round}\n`);
    assert.match(captured(fixture, 'app.log'), new RegExp(`round ${round}\n$`));
    await fixture.unmount();
  }
});

test('a mount in the background prints nothing and detaches from its terminal', limit, async (t) => {
  const fixture = MountFixture.prepare(t);
  const outcome = await fixture.runMount();
  assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [0, '', '']);
  // Fields behind the command's closing bracket: state, parent, process group, session, terminal.
  const [, , , , terminal] =
    readFileSync(`/proc/${fixture.serverPid()}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  assert.equal(terminal, '0');
});

test('the mirror, logs and trackfiles.txt are made when missing', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  assert.equal(statSync(fixture.mirror).isDirectory(), true);
  assert.equal(statSync(fixture.logs).isDirectory(), true);
  assert.equal(statSync(fixture.trackfiles).isFile(), true);
});

test('what an earlier mount wrote is there again after a new one', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'kept\n');
  await fixture.unmount();
  assert.equal(existsSync(fixture.path('app.log')), false);
  await fixture.remount();
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), 'kept\n');
});

test('files below the mountpoint are hidden by the mount and back after it', limit, async (t) => {
  const fixture = MountFixture.prepare(t);
  writeFileSync(fixture.path('below'), 'hidden');
  await fixture.remount();
  assert.equal(existsSync(fixture.path('below')), false);
  await fixture.unmount();
  assert.equal(readFileSync(fixture.path('below'), 'utf8'), 'hidden');
});

test('the own log is at the path that logfile= names', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { options: ['loglevel=DEBUG'] });
  const logfile = join(fixture.folder, 'own.log');
  const outcome = await fixture.runMount([`logfile=${logfile}`]);
  assert.equal(outcome.code, 0, outcome.stderr);
  await eventually(() => existsSync(logfile) && statSync(logfile).size > 0, {
    within: 10_000,
    what: 'a line in the log',
  });
  const [firstLine = ''] = readFileSync(logfile, 'utf8').split('\n');
  assert.equal(typeof JSON.parse(firstLine), 'object');
  assert.equal(existsSync(join(fixture.root, 'logagg-fs.log')), false);
});

test('the own log of a background mount is in the log cache without logfile=', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { options: ['loglevel=debug'] });
  await eventually(() => fixture.ownLog() !== '', { within: 10_000, what: 'a line in logagg-fs.log' });
});

test('the own log of a foreground mount goes to standard error without logfile=', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { options: ['loglevel=debug'], foreground: true });
  await eventually(() => fixture.foregroundStderr !== '', { within: 10_000, what: 'a line on standard error' });
  assert.equal(fixture.ownLog(), '');
});
