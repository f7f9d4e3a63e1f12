/** The contract of `logs/`: what a collector may rely on. */
import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, assertMirroredAndCaptured, captured } from '../harness/captured.js';
import { capturedText, chunkName, chunkNamesOf, chunksOf, isSealed, streamOf } from '../harness/chunks.js';
import { eventually } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 90_000 };
const sealing = ['seal=1'];

function onlyChunk(fixture: MountFixture, name: string): string {
  const [chunk, ...others] = chunksOf(fixture.logs, fixture.path(name));
  if (chunk === undefined || others.length > 0) throw new Error(`${others.length} more chunks of ${name} than one`);
  return chunk;
}

test('a chunk is named after its stream, the second of its creation and a number', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const before = Math.floor(Date.now() / 1000);
  append(fixture, 'app.log', 'x\n');
  const [name = '', ...others] = readdirSync(fixture.logs);
  assert.deepEqual(others, []);
  assert.match(name, chunkName);
  const [stream, seconds] = name.split('.');
  assert.equal(stream, streamOf(fixture.path('app.log')));
  assert.ok(Number(seconds) >= before && Number(seconds) <= Date.now() / 1000, `${seconds} is now`);
});

test('nothing is in logs/ before the first tracked byte, and nothing but chunks after it', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'untracked.txt', 'x\n');
  closeSync(openSync(fixture.path('empty.log'), 'a'));
  append(fixture, 'empty.log', '');
  assert.deepEqual(readdirSync(fixture.logs), []);
  append(fixture, 'app.log', 'x\n');
  assert.deepEqual(readdirSync(fixture.logs), chunkNamesOf(fixture.logs, fixture.path('app.log')));
  assert.equal(readdirSync(fixture.logs).length, 1);
});

test('overwriting, truncating and writing at offsets captures what was written, in order', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'w+');
  writeSync(fd, 'one two\n');
  writeSync(fd, 'ONE', 0);
  truncateSync(fixture.path('app.log'), 0);
  writeSync(fd, 'three\n', 0);
  closeSync(fd);
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), 'three\n');
  assert.equal(captured(fixture, 'app.log'), 'one two\nONEthree\n');
});

test('a chunk that is idle for seal= seconds loses its write permission', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: sealing });
  append(fixture, 'app.log', 'x\n');
  const chunk = onlyChunk(fixture, 'app.log');
  assert.equal(statSync(chunk).mode & 0o777, 0o600);
  await eventually(() => isSealed(chunk), { within: 15_000, what: 'the seal' });
  assert.equal(statSync(chunk).mode & 0o777, 0o400);
});

test('a chunk stays open while lines keep coming', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['seal=3'] });
  append(fixture, 'app.log', 'x\n');
  const chunk = onlyChunk(fixture, 'app.log');
  const end = Date.now() + 6000;
  await eventually(
    () => {
      append(fixture, 'app.log', 'x\n');
      assert.equal(isSealed(chunk), false);
      return Date.now() > end;
    },
    { within: 10_000 },
  );
});

test('a sealed chunk never grows: the next write starts a new one', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: sealing });
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'one\n');
  const first = onlyChunk(fixture, 'app.log');
  await eventually(() => isSealed(first), { within: 15_000, what: 'the seal' });
  writeSync(fd, 'two\n');
  closeSync(fd);
  assert.equal(readFileSync(first, 'utf8'), 'one\n');
  assert.equal(chunksOf(fixture.logs, fixture.path('app.log')).length, 2);
  assert.equal(captured(fixture, 'app.log'), 'one\ntwo\n');
});

test('a new chunk starts after the first newline beyond the chunk size', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=100'] });
  const line = `${'x'.repeat(39)}\n`;
  for (let index = 0; index < 10; index++) append(fixture, 'app.log', line);
  const chunks = chunksOf(fixture.logs, fixture.path('app.log')).map((chunk) => readFileSync(chunk, 'utf8'));
  for (const text of chunks.slice(0, -1)) assert.deepEqual([text.length, text.endsWith('\n')], [120, true]);
  assert.equal(chunks.join(''), line.repeat(10));
});

test('a chunk beyond its size waits for the end of the line', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=100'] });
  for (const piece of ['x'.repeat(90), 'y'.repeat(90), 'z\n', 'next\n']) append(fixture, 'app.log', piece);
  const chunks = chunksOf(fixture.logs, fixture.path('app.log')).map((chunk) => readFileSync(chunk, 'utf8'));
  assert.deepEqual(chunks, [`${'x'.repeat(90)}${'y'.repeat(90)}z\n`, 'next\n']);
});

test('a full chunk is sealed once its successor exists or it is idle', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=10', ...sealing] });
  append(fixture, 'app.log', 'more than ten bytes\n');
  append(fixture, 'app.log', 'and another line\n');
  const [first = ''] = chunksOf(fixture.logs, fixture.path('app.log'));
  await eventually(() => isSealed(first), { within: 15_000, what: 'the seal' });
  assert.equal(readFileSync(first, 'utf8'), 'more than ten bytes\n');
});

test('after a collector deletes the live chunk the next write starts a new one', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  let collected = '';
  const names: string[] = [];
  for (let index = 0; index < 20; index++) {
    writeSync(fd, `line ${index}\n`);
    const chunk = onlyChunk(fixture, 'app.log');
    collected += readFileSync(chunk, 'utf8');
    names.push(chunk);
    unlinkSync(chunk);
  }
  closeSync(fd);
  assert.equal(collected, Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join(''));
  assert.deepEqual(names, [...new Set(names)].sort(), 'names increase although the older ones are gone');
});

test('logs/ becomes empty when everything sealed is drained', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: sealing });
  for (const name of ['a.log', 'b.log']) append(fixture, name, 'x\n');
  await eventually(
    () => {
      for (const name of readdirSync(fixture.logs)) {
        if (isSealed(join(fixture.logs, name))) unlinkSync(join(fixture.logs, name));
      }
      return readdirSync(fixture.logs).length === 0;
    },
    { within: 20_000, what: 'an empty logs/' },
  );
});

test('a chunk keeps its inode while it grows', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'x\n');
  const chunk = onlyChunk(fixture, 'app.log');
  const { ino } = statSync(chunk);
  for (let index = 0; index < 100; index++) append(fixture, 'app.log', 'more\n');
  assert.deepEqual([statSync(chunk).ino, statSync(chunk).size], [ino, 502]);
});

test('files of others in logs/ are left alone', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: sealing });
  const stream = streamOf(fixture.path('app.log'));
  const foreign = ['collector.offset', `${stream}.offset`, 'notes.log', `${stream}.1.log.tmp`];
  for (const name of foreign) writeFileSync(join(fixture.logs, name), 'mine', { mode: 0o644 });
  append(fixture, 'app.log', 'x\n');
  const [chunk = ''] = chunksOf(fixture.logs, fixture.path('app.log')).filter((path) =>
    chunkName.test(path.split('/').at(-1) ?? ''),
  );
  await eventually(() => isSealed(chunk), { within: 15_000, what: 'the seal' });
  await fixture.unmount();
  await fixture.remount();
  for (const name of foreign) {
    const path = join(fixture.logs, name);
    assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['mine', 0o644], name);
  }
});

test('the path at open names the stream, and whoever makes the path anew joins it', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const old = openSync(fixture.path('app.log'), 'a');
  writeSync(old, '1\n');
  renameSync(fixture.path('app.log'), fixture.path('app.log.1'));
  const fresh = openSync(fixture.path('app.log'), 'a');
  for (const [fd, text] of [
    [fresh, '2\n'],
    [old, '3\n'],
    [fresh, '4\n'],
  ] as const) {
    writeSync(fd, text);
  }
  closeSync(old);
  closeSync(fresh);
  assert.equal(captured(fixture, 'app.log'), '1\n2\n3\n4\n');
  assert.equal(readdirSync(fixture.logs).length, 1);
});

test('chunks of a killed server are sealed by the next mount and never appended to', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'before\n');
  append(fixture, 'other.log', 'before\n');
  await fixture.kill();
  const old = readdirSync(fixture.logs).map((name) => join(fixture.logs, name));
  await fixture.remount();
  await eventually(() => old.every(isSealed), { within: 15_000, what: 'the seal of the old chunks' });
  append(fixture, 'app.log', 'after\n');
  for (const chunk of old) assert.equal(readFileSync(chunk, 'utf8'), 'before\n');
  assert.equal(captured(fixture, 'app.log'), 'before\nafter\n');
});

test('names of one stream increase across mounts', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=1'] });
  let expected = '';
  for (let mount = 0; mount < 4; mount++) {
    if (mount > 0) await fixture.remount();
    for (let index = 0; index < 20; index++) {
      append(fixture, 'app.log', `mount ${mount} line ${index}\n`);
      expected += `mount ${mount} line ${index}\n`;
    }
    await fixture.unmount();
  }
  assert.equal(capturedText(fixture.logs, fixture.path('app.log')), expected);
  await fixture.remount();
  assertMirroredAndCaptured(fixture, 'app.log', expected);
});

test('names increase even when the newest chunk is of the future', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  await fixture.unmount();
  const future = `${streamOf(fixture.path('app.log'))}.${Math.floor(Date.now() / 1000) + 86_400}.0000042.log`;
  writeFileSync(join(fixture.logs, future), 'written before the clock stepped back\n', { mode: 0o400 });
  await fixture.remount();
  append(fixture, 'app.log', 'written after\n');
  assert.equal(captured(fixture, 'app.log'), 'written before the clock stepped back\nwritten after\n');
});
