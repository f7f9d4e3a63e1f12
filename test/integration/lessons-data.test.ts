/** What goes in comes out: mistakes of earlier systems, each under its behaviour's name. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, assertMirroredAndCaptured } from '../harness/captured.js';
import { capturedBytes } from '../harness/chunks.js';
import { ended, eventually, output } from '../harness/commands.js';
import { mknod } from '../harness/libc.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 60_000 };

test('ééé and a newline are stored and captured as seven bytes, once', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'] });
  await output('sh', ['-c', "printf 'ééé\\n' >> f"], { cwd: fixture.mountpoint });
  assert.equal(statSync(fixture.path('f')).size, 7);
  assertMirroredAndCaptured(fixture, 'f', 'ééé\n');
});

test('a log compressed through the mount is the same as one compressed outside', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  await output('sh', ['-c', 'seq 1 100000 > big.log; cp big.log ../outside.log'], { cwd: fixture.mountpoint });
  await output('sh', ['-c', 'gzip -n big.log; gzip -n ../outside.log; cmp big.log.gz ../outside.log.gz'], {
    cwd: fixture.mountpoint,
  });
  assert.deepEqual(capturedBytes(fixture.logs, fixture.path('big.log.gz')), Buffer.alloc(0));
});

test('CRLF, invalid UTF-8 and NUL bytes come back and are captured unchanged', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'] });
  const bytes = Buffer.concat([Buffer.from('a\r\nb\rc\n'), Buffer.from([0xff, 0xfe, 0, 0, 0xc3, 0x28, 0x0a])]);
  append(fixture, 'f', bytes);
  assert.deepEqual(readFileSync(fixture.path('f')), bytes);
  assertMirroredAndCaptured(fixture, 'f', bytes);
});

test('stat sees every write at once, without a later one', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'] });
  const fd = openSync(fixture.path('f'), 'a');
  for (let size = 5; size <= 50; size += 5) {
    writeSync(fd, 'line\n');
    assert.equal(statSync(fixture.path('f')).size, size);
    assert.equal(readFileSync(fixture.path('f')).length, size);
  }
  closeSync(fd);
});

test('tail -f shows a line without waiting for the next', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'] });
  writeFileSync(fixture.path('f'), '');
  const tail = spawn('tail', ['-f', fixture.path('f')], { stdio: ['ignore', 'pipe', 'inherit'] });
  fixture.after(async () => {
    tail.kill('SIGKILL');
    await ended(tail);
  });
  let seen = '';
  tail.stdout.on('data', (part: Buffer) => {
    seen += part.toString();
  });
  for (const line of ['one\n', 'two\n']) {
    append(fixture, 'f', line);
    await eventually(() => seen.endsWith(line), { within: 10_000, what: `tail -f showing ${line.trim()}` });
  }
  assert.equal(seen, 'one\ntwo\n');
  tail.kill();
  await ended(tail);
});

test('a directory lists dot and dot-dot', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  for (const folder of ['.', 'sub']) {
    const listing = await output('sh', ['-c', `mkdir -p ${folder}; cd ${folder}; ls -af1`], {
      cwd: fixture.mountpoint,
    });
    const names = listing.trim().split('\n');
    assert.deepEqual(names.filter((name) => name.startsWith('.')).sort(), ['.', '..'], folder);
  }
});

test('times keep their nanoseconds, also those before 1970', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  const script = "touch -d '2001-02-03 04:05:06.123456789Z' f; touch -d '1966-01-02 03:04:05.987654321Z' g";
  await output('sh', ['-c', script], { cwd: fixture.mountpoint });
  const expected = [981173106123456789n, BigInt(Date.UTC(1966, 0, 2, 3, 4, 5)) * 1_000_000n + 987654321n];
  for (const folder of [fixture.mountpoint, fixture.mirror]) {
    const found = ['f', 'g'].map((name) => lstatSync(join(folder, name), { bigint: true }).mtimeNs);
    assert.deepEqual(found, expected, folder);
  }
});

test('mknod makes a regular file and a pipe', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'] });
  mknod(fixture.path('made'), 0o100644);
  mknod(fixture.path('pipe'), 0o010600);
  assert.equal(lstatSync(fixture.path('pipe')).isFIFO(), true);
  append(fixture, 'made', 'into a file that mknod made\n');
  assertMirroredAndCaptured(fixture, 'made', 'into a file that mknod made\n');
});

test('names that are not UTF-8 can be written, listed, renamed and removed', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  const odd = Buffer.from([0x6c, 0xf6, 0x67, 0xff]);
  const path = Buffer.concat([Buffer.from(`${fixture.mountpoint}/`), odd]);
  writeFileSync(path, 'odd');
  assert.equal(readFileSync(path, 'utf8'), 'odd');
  assert.deepEqual(readdirSync(fixture.mirror, { encoding: 'buffer' }), [odd]);
  await output('sh', ['-c', 'mv * plain; cat plain; rm plain'], { cwd: fixture.mountpoint });
  assert.deepEqual(readdirSync(fixture.mountpoint), []);
});
