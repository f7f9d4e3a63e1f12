/** A mount that is in use: who uses it is said by command and pid, and what happens to those who do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertMirroredAndCaptured } from '../harness/captured.js';
import { capturedText } from '../harness/chunks.js';
import { describe, eventually, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { launcher } from '../harness/project.js';

const limit = { timeout: 60_000 };

/** A `sleep` in the mountpoint. @returns its pid */
async function sleepIn(t: TestContext, fixture: MountFixture): Promise<number> {
  const sleeper = spawn('sleep', ['100'], { cwd: fixture.mountpoint, stdio: 'ignore' });
  const ended = new Promise((resolve) => sleeper.once('exit', resolve));
  fixture.after(async () => {
    sleeper.kill('SIGKILL');
    await ended;
  });
  await new Promise((resolve) => sleeper.once('spawn', resolve));
  t.diagnostic(`sleep is ${sleeper.pid}`);
  return sleeper.pid ?? 0;
}

test('umount of a mount in use names those who use it, and does it once they are gone', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const sleeper = await sleepIn(t, fixture);
  const fd = openSync(fixture.path('app.log'), 'a');
  const refused = await run(launcher, ['umount', fixture.mountpoint]);
  assert.equal(refused.code, 1, describe(refused));
  assert.ok(refused.stderr.includes(`sleep (${sleeper})`), refused.stderr);
  assert.ok(refused.stderr.includes(`(${process.pid})`), refused.stderr);
  assert.match(refused.stderr, /^logagg-fs: .* is in use by .*\n$/);
  assert.ok(fixture.isMounted());
  closeSync(fd);
  process.kill(sleeper, 'SIGKILL');
  const done = await eventually(
    async () => {
      const outcome = await run(launcher, ['umount', fixture.mountpoint]);
      return outcome.code === 0 ? outcome : undefined;
    },
    { within: 5000, what: 'the unmount' },
  );
  assert.equal(done?.stderr, '');
  assert.ok(!fixture.isMounted());
});

test('as a helper of umount(8) it takes its flags, and -l detaches a mount in use', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const helper = join(fixture.folder, 'umount.fuse.logagg-fs');
  symlinkSync(launcher, helper);
  const fd = openSync(fixture.path('app.log'), 'a');
  const refused = await run(helper, [fixture.mountpoint, '-n', '-v', '-t', 'fuse.logagg-fs']);
  assert.equal(refused.code, 1, describe(refused));
  assert.match(refused.stderr, /is in use by/);
  const detached = await run(helper, [fixture.mountpoint, '-l']);
  assert.equal(detached.code, 0, describe(detached));
  assert.ok(!fixture.isMounted());
  writeSync(fd, 'still there\n');
  closeSync(fd);
  assertMirroredAndCaptured(fixture, 'app.log', 'still there\n');
  const again = await run(launcher, ['umount', fixture.mountpoint]);
  assert.equal(again.code, 2, describe(again));
});

test(
  'SIGTERM while writers write: what they wrote before is kept, and the log says who they were',
  limit,
  async (t) => {
    const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
    const sleeper = await sleepIn(t, fixture);
    const script = 'exec 9>> "$1"; i=0; while echo $i >&9; do i=$((i+1)); done 2> /dev/null; echo $i';
    const writers = ['a.log', 'b.log'].map(async (name) => ({
      name,
      lines: Number((await run('sh', ['-c', script, 'sh', fixture.path(name)], { timeout: 30_000 })).stdout),
    }));
    const names = ['a.log', 'b.log'];
    await eventually(() => names.every((name) => capturedText(fixture.logs, fixture.path(name)).length > 500), {
      within: 20_000,
      what: 'lines of both writers',
    });
    process.kill(fixture.serverPid(), 'SIGTERM');
    for (const { name, lines } of await Promise.all(writers)) {
      const wanted = Array.from({ length: lines }, (_, line) => `${line}\n`).join('');
      const mirrored = readFileSync(join(fixture.mirror, name), 'utf8');
      // The write that got an error may have been done.
      assert.ok(mirrored === wanted || mirrored === `${wanted}${lines}\n`, `${name}: ${lines} lines`);
      assert.equal(capturedText(fixture.logs, fixture.path(name)), mirrored);
    }
    assert.match(fixture.ownLog(), new RegExp(`still in use by .*sleep \\(${sleeper}\\)`));
  },
);
