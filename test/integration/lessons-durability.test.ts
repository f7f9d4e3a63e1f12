/** What survives a crash: mistakes of earlier systems, each under its behaviour's name. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, assertMirroredAndCaptured, captured } from '../harness/captured.js';
import { capturedText } from '../harness/chunks.js';
import { ended, eventually, output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 90_000 };

async function killServer(fixture: MountFixture): Promise<void> {
  assert.notEqual(fixture.serverPids().length, 0);
  await fixture.kill();
}

test('a killed server has lost no write that it acknowledged', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  let expected = '';
  for (let index = 0; index < 1000; index++) {
    writeSync(fd, `line ${index}\n`);
    expected += `line ${index}\n`;
  }
  await killServer(fixture);
  assertMirroredAndCaptured(fixture, 'app.log', expected);
  try {
    closeSync(fd);
  } catch {
    // The connection is gone; the kernel still closes the descriptor.
  }
});

test('a mount replaces the stale one of a killed server and goes on', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'before\n');
  await killServer(fixture);
  await fixture.remount();
  assert.equal(await output('cat', [fixture.path('app.log')], { timeout: 10_000 }), 'before\n');
  append(fixture, 'app.log', 'after\n');
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'before\nafter\n');
  assert.equal(captured(fixture, 'app.log'), 'before\nafter\n');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split(` ${fixture.mountpoint} `).length - 1;
  assert.equal(mounts, 1, 'exactly one mount at the mountpoint');
});

for (const [name, sync] of [
  ['fsync', fsyncSync],
  ['fdatasync', fdatasyncSync],
] as const) {
  test(`${name} of a tracked file reaches its chunk`, limit, async (t) => {
    const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
    const fd = openSync(fixture.path('app.log'), 'a');
    writeSync(fd, 'opens the chunk\n');
    let calls = '';
    const strace = spawn('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-p', String(fixture.serverPid())], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => strace.kill('SIGKILL'));
    strace.stderr.on('data', (part: Buffer) => {
      calls += part.toString();
    });
    await eventually(() => calls.includes('attached'), { within: 10_000, what: 'strace attached to the server' });
    writeSync(fd, 'durable\n');
    sync(fd);
    closeSync(fd);
    const synced = new RegExp(`f(data)?sync\\(\\d+<${fixture.logs}/[0-9a-f]{32}[^>]*\\.log>`);
    await eventually(() => synced.test(calls), { within: 10_000, what: `a ${name} of the chunk` });
    strace.kill('SIGINT');
    await ended(strace);
    assert.equal(capturedText(fixture.logs, fixture.path('app.log')), 'opens the chunk\ndurable\n');
  });
}
