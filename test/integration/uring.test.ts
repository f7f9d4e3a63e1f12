/** Which transport serves: what the host offers, what the user asked for, and what becomes of it at the end. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { append, captured } from '../harness/captured.js';
import { eventually } from '../harness/commands.js';
import { fuseMountAt } from '../harness/fuse-mounts.js';
import { type FixtureOptions, MountFixture } from '../harness/mount-fixture.js';
import { isRunning } from '../harness/processes.js';
import { hasUringParameter, mountOverUring, withForbiddenIoUring, withOwnUring } from '../harness/uring-parameter.js';

const limit = { timeout: 120_000 };
const tracked: FixtureOptions = { patterns: ['*.log'] };
const connections = '/sys/fs/fuse/connections';

/** The line of the own log that says how the mount is served. */
async function servingLine(fixture: MountFixture): Promise<string> {
  const find = (): string | undefined =>
    fixture
      .ownLog()
      .split('\n')
      .find((line) => line.includes('"serving: '));
  return (await eventually(find, { within: 10_000, what: 'a line about serving' })) ?? '';
}

function assertServes(fixture: MountFixture): void {
  append(fixture, 'app.log', 'a line\n');
  assert.match(captured(fixture, 'app.log'), /a line\n$/);
}

/** Names of the server's threads that are not Node's own pool, by what they sleep in, are of no account: only how many. */
const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

const skip = hasUringParameter() ? false : 'this kernel has no FUSE over io_uring, or we are not root';

describe('the transport', { skip }, () => {
  test('is io_uring where the kernel offers it, and the own log says so', limit, async (t) => {
    const fixture = await withOwnUring(true, () => MountFixture.mount(t, tracked));
    assert.match(await servingLine(fixture), /transport uring,/);
    assertServes(fixture);
  });

  test('is the device where that is asked for, and has no queue threads', limit, async (t) => {
    const options = ['transport=device'];
    const device = await withOwnUring(true, () => MountFixture.mount(t, { ...tracked, options }));
    assert.match(await servingLine(device), /transport device \(as asked for\)/);
    assertServes(device);
    const uring = await mountOverUring(t, tracked);
    assert.ok(threadsOf(device.serverPid()) < threadsOf(uring.serverPid()));
  });

  test('is the device while the switch is off, and the own log says how to switch it on', limit, async (t) => {
    const fixture = await withOwnUring(false, () => MountFixture.mount(t, tracked));
    const line = await servingLine(fixture);
    assert.match(line, /transport device \(/);
    assert.match(line, /echo Y > \/sys\/module\/fuse\/parameters\/enable_uring/);
    assert.match(line, /\/etc\/modprobe\.d\//);
    assertServes(fixture);
  });

  test('uring is refused while the switch is off, with a line that says how to switch it on', limit, async (t) => {
    const fixture = MountFixture.prepare(t, { options: ['transport=uring'] });
    const outcome = await withOwnUring(false, () => fixture.runMount());
    assert.equal(outcome.code, 5, outcome.stderr);
    assert.match(outcome.stderr, /^logagg-fs: [^\n]+\n$/, 'exactly one line');
    assert.match(outcome.stderr, /transport=uring/);
    assert.match(outcome.stderr, /echo Y > \/sys\/module\/fuse\/parameters\/enable_uring/);
    assert.match(outcome.stderr, /options fuse enable_uring=1.*\/etc\/modprobe\.d\//);
    assert.equal(fixture.isMounted(), false);
    assert.deepEqual(fixture.serverPids(), []);
  });

  test('is the device where io_uring is forbidden, and the own log says why', limit, async (t) => {
    const fixture = await withForbiddenIoUring(() => MountFixture.mount(t, tracked));
    assert.match(await servingLine(fixture), /transport device \(.*io_uring.*EPERM/);
    assertServes(fixture);
    await fixture.unmount();
  });

  test('uring is refused where io_uring is forbidden, and nothing is left behind', limit, async (t) => {
    const fixture = MountFixture.prepare(t, { options: ['transport=uring'] });
    const outcome = await withForbiddenIoUring(() => fixture.runMount());
    assert.equal(outcome.code, 5, outcome.stderr);
    assert.match(
      outcome.stderr,
      /^logagg-fs: [^\n]*transport=uring[^\n]*io_uring[^\n]*EPERM[^\n]*\n$/,
      'exactly one line',
    );
    assert.equal(fixture.isMounted(), false);
    await eventually(() => fixture.serverPids().length === 0, { within: 10_000, what: 'the end of the server' });
  });

  test('stays what it was when the switch is turned', limit, async (t) => {
    const fixture = await mountOverUring(t, tracked);
    await withOwnUring(false, async () => assertServes(fixture));
    await withForbiddenIoUring(async () => assertServes(fixture));
  });

  test('leaves no mount, process or connection behind, however often', limit, async (t) => {
    const fixture = await mountOverUring(t, tracked);
    for (let round = 0; round < 20; round++) {
      if (round > 0) await withOwnUring(true, () => fixture.remount());
      append(fixture, 'app.log', `round ${round}\n`);
      const pid = fixture.serverPid();
      const connection = fuseMountAt(fixture.mountpoint)?.connection ?? '';
      assert.notEqual(connection, '');
      await fixture.unmount();
      assert.deepEqual([isRunning(pid), fixture.isMounted()], [false, false], `round ${round}`);
      // Without the control file system there is nothing to see.
      assert.equal(existsSync(`${connections}/${connection}`), false, `connection of round ${round}`);
    }
    const rounds = Array.from({ length: 20 }, (_, round) => `round ${round}\n`).join('');
    assert.equal(captured(fixture, 'app.log'), rounds);
  });
});
