/** untracked=native: what is not tracked is written without the server. A server that is stopped tells which is which. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { append, captured, untilCapture } from '../harness/captured.js';
import { output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { nobody } from '../harness/project.js';
import { SteadyWriter } from '../harness/steady-writers.js';
import { whileStopped } from '../harness/stopped-server.js';
import { hasUringParameter, mountOverUring } from '../harness/uring-parameter.js';

const limit = { timeout: 90_000 };
const lines = 200;
const native = ['untracked=native'];

const mirrored = (fixture: MountFixture, name: string): string => readFileSync(join(fixture.mirror, name), 'latin1');

type Mount = (t: TestContext, options: readonly string[]) => Promise<MountFixture>;

function testUntrackedNative(mount: Mount): void {
  test('a file that is not tracked is written while the server is stopped', limit, async (t) => {
    const fixture = await mount(t, native);
    const writer = await SteadyWriter.start(fixture, { id: 'w', file: fixture.path('other.txt'), lines });
    // At the first write to an inode the kernel asks whether it has file capabilities.
    append(fixture, 'other.txt', 'first\n');
    await whileStopped(fixture, async () => {
      writer.begin();
      assert.equal(await writer.written(10_000), lines);
    });
    writer.assertAllIn(mirrored(fixture, 'other.txt'), lines);
    assert.equal(captured(fixture, 'other.txt'), '');
  });

  test('so is one that an unprivileged user opens, and one that was there before', limit, async (t) => {
    const fixture = await mount(t, native);
    append(fixture, 'other.txt', '');
    await output('chmod', ['666', fixture.path('other.txt')]);
    const program = ['import { openSync, writeSync, readSync } from "node:fs"'];
    program.push(
      `const fd = openSync(${JSON.stringify(fixture.path('other.txt'))}, "a")`,
      'writeSync(fd, "a line\\n")',
    );
    await output(process.execPath, ['--input-type=module', '-e', program.join(';')], { uid: nobody });
    const writer = await SteadyWriter.start(fixture, { id: 'w', file: fixture.path('other.txt'), lines });
    await whileStopped(fixture, async () => {
      writer.begin();
      assert.equal(await writer.written(10_000), lines);
    });
    assert.equal(mirrored(fixture, 'other.txt').split('\n').length, lines + 2);
  });

  test('a tracked file is captured, and its writers wait for the server', limit, async (t) => {
    const fixture = await mount(t, native);
    const writer = await SteadyWriter.start(fixture, { id: 'w', file: fixture.path('app.log'), lines });
    await whileStopped(fixture, async () => {
      writer.begin();
      await assert.rejects(writer.written(500), /the end of writer/);
    });
    assert.equal(await writer.written(), lines);
    writer.assertAllIn(captured(fixture, 'app.log'), lines);
  });

  test('a pattern that comes later takes effect at the next open', limit, async (t) => {
    const fixture = await mount(t, native);
    const fd = openSync(fixture.path('later.txt'), 'a');
    writeSync(fd, 'before\n');
    fixture.writeTrackfiles(`${fixture.path('*')}\n`);
    await untilCapture(fixture, 'probe', true);
    const reopened = openSync(fixture.path('later.txt'), 'a');
    writeSync(fd, 'still by the old descriptor\n');
    writeSync(reopened, 'by the new one\n');
    closeSync(fd);
    closeSync(reopened);
    assert.equal(captured(fixture, 'later.txt'), 'by the new one\n');
    assert.equal(mirrored(fixture, 'later.txt'), 'before\nstill by the old descriptor\nby the new one\n');
  });

  test(
    'without the option all writes wait for the server, so that a pattern takes effect at once',
    limit,
    async (t) => {
      const fixture = await mount(t, []);
      const writer = await SteadyWriter.start(fixture, { id: 'w', file: fixture.path('other.txt'), lines });
      await whileStopped(fixture, async () => {
        writer.begin();
        await delay(500);
        await assert.rejects(writer.written(0), /the end of writer/);
      });
      assert.equal(await writer.written(), lines);
    },
  );
}

const patterns = ['*.log'];

describe('untracked=native over /dev/fuse', () => {
  testUntrackedNative((t, options) => MountFixture.mount(t, { patterns, options: [...options, 'transport=device'] }));
});

const skip = hasUringParameter() ? false : 'this kernel has no FUSE over io_uring, or we are not root';
describe('untracked=native over io_uring', { skip }, () => {
  testUntrackedNative((t, options) => mountOverUring(t, { patterns, options }));
});
