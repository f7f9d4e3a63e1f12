/**
 * A server that dies or hangs over io_uring, where no other can go on for it: the safe way out. Nobody waits for ever,
 * everybody gets an error, what was acknowledged is kept, and the place is mounted anew.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoUring } from '../../../src/fuse/uring/uring-support.js';
import { append } from '../../harness/captured.js';
import { capturedText } from '../../harness/chunks.js';
import { eventually, output, run } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { isRunning } from '../../harness/processes.js';
import { launcher } from '../../harness/project.js';
import { servingServer } from './server-state.js';

const limit = { timeout: 90_000 };

/** Undefined where io_uring is off; the runner runs this again with it switched on. */
async function mountUring(t: TestContext, ...options: string[]): Promise<MountFixture | undefined> {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'], options: ['transport=uring', ...options] });
  if (whyNoUring() !== undefined) {
    t.diagnostic('not over io_uring now');
    return undefined;
  }
  await fixture.remount();
  return fixture;
}

/** Eight programs that append until they get an error, and two that read. @returns what each has acknowledged, at their end */
function startUsers(fixture: MountFixture): Promise<{ name: string; lines: number }[]> {
  const script = 'exec 9>> "$1"; i=0; while echo "line $i" >&9; do i=$((i+1)); done 2> /dev/null; echo $i';
  const names = Array.from({ length: 8 }, (_, index) => `writer-${index}.log`);
  append(fixture, 'read.log', 'x\n');
  const reader = 'exec 9< "$1"; while cat <&9 > /dev/null && ls "$2" > /dev/null; do :; done 2> /dev/null';
  const readers = [0, 1].map(() =>
    run('sh', ['-c', reader, 'sh', fixture.path('read.log'), fixture.mountpoint], { timeout: 60_000 }),
  );
  const writers = names.map(async (name) => {
    const { code, stdout } = await run('sh', ['-c', script, 'sh', fixture.path(name)], { timeout: 60_000 });
    assert.equal(code, 0, `${name} hangs`);
    return { name, lines: Number(stdout) };
  });
  return Promise.all(readers).then((ends) => {
    for (const { code } of ends) assert.notEqual(code, null, 'a reader hangs');
    return Promise.all(writers);
  });
}

/** The new mount serves in the same place; what was acknowledged before is there once and in order. */
async function assertMountedAnew(fixture: MountFixture, dead: number, users: { name: string; lines: number }[]) {
  const isServed = () => fixture.serverPids().some((pid) => pid !== dead && isRunning(pid)) && fixture.isMounted();
  await eventually(() => isServed() || undefined, { within: 30_000, what: 'another mount' }).catch((error: Error) =>
    assert.fail(`${error.message}: ${fixture.ownLog().slice(-1000)}`),
  );
  await output('stat', [fixture.mountpoint], { timeout: 20_000 });
  for (const { name, lines } of users) {
    assert.ok(lines > 0, `${name} wrote nothing`);
    const wanted = Array.from({ length: lines }, (_, line) => `line ${line}\n`).join('');
    // The write that got an error may have been done, and captured.
    const allowed = ['', `line ${lines}\n`].map((last) => wanted + last);
    assert.ok(allowed.includes(readFileSync(join(fixture.mirror, name), 'utf8')), `${name} in the mirror`);
    assert.ok(allowed.includes(capturedText(fixture.logs, fixture.path(name))), `${name} in the chunks`);
    append(fixture, name, 'after\n');
    assert.ok(capturedText(fixture.logs, fixture.path(name)).endsWith('after\n'));
  }
  assert.match(fixture.ownLog(), /"level":"fatal".*over io_uring/);
}

test('over io_uring a server killed under load: an error for everybody, and a new mount', limit, async (t) => {
  const fixture = await mountUring(t);
  if (fixture === undefined) return;
  const { pid } = servingServer(fixture);
  const users = startUsers(fixture);
  // A mount that lives for less than 5 s is not replaced.
  await delay(5500);
  process.kill(pid, 'SIGKILL');
  await assertMountedAnew(fixture, pid, await users);
});

test('over io_uring a server that was stopped is noticed by the watchdog: nobody waits for ever', limit, async (t) => {
  const fixture = await mountUring(t, 'hang=2');
  if (fixture === undefined) return;
  const { pid } = servingServer(fixture);
  const users = startUsers(fixture);
  // A mount that lives for less than 5 s is not replaced.
  await delay(5500);
  process.kill(pid, 'SIGSTOP');
  await assertMountedAnew(fixture, pid, await users);
  assert.match(fixture.ownLog(), /no sign of life/);
});

test('over io_uring restart is refused, and the server stays', limit, async (t) => {
  const fixture = await mountUring(t);
  if (fixture === undefined) return;
  const { pid } = servingServer(fixture);
  const outcome = await run(launcher, ['restart', fixture.mountpoint]);
  assert.equal(outcome.code, 5, outcome.stderr);
  assert.equal(servingServer(fixture).pid, pid);
  append(fixture, 'app.log', 'x\n');
});
