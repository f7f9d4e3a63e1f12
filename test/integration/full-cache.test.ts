/** The limit of the log cache, `maxcache=`: what each policy does at it, over it, and when there is room again. */
import assert from 'node:assert/strict';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, captured } from '../harness/captured.js';
import { chunkNamesOf, chunksOf, isSealed } from '../harness/chunks.js';
import { eventually, output } from '../harness/commands.js';
import { assertAccounted, gapsOf } from '../harness/gaps.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { compiledTest } from '../harness/project.js';
import { whileStopped } from '../harness/stopped-server.js';

const limit = { timeout: 120_000 };

/** Bytes in chunks. */
function bytesIn(logs: string): number {
  const names = readdirSync(logs);
  return names.reduce((total, name) => total + (lstatSync(join(logs, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The same while nothing can change. */
const bytesAtOnce = (fixture: MountFixture): Promise<number> => whileStopped(fixture, () => bytesIn(fixture.logs));

/** So many different lines of 100 bytes. */
function lines(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${from + index} `.padEnd(99, 'x').concat('\n'));
}

/** Appends each line with a write of its own. @returns errnos of the writes that failed */
function write(path: string, texts: readonly string[]): string[] {
  const fd = openSync(path, 'a');
  const failures: string[] = [];
  for (const text of texts) {
    try {
      writeSync(fd, text);
    } catch (error) {
      failures.push((error as NodeJS.ErrnoException).code ?? 'unknown');
    }
  }
  closeSync(fd);
  return failures;
}

test('many streams at once stay within the limit, and what each one lost is counted and recorded', limit, async (t) => {
  const maxcache = 300_000;
  const fixture = await MountFixture.mount(t, {
    patterns: ['*.log'],
    options: [`maxcache=${maxcache}`, 'chunksize=10000', 'seal=1'],
  });
  const writers = 4;
  const linesEach = 6000;
  const filesOf = (writer: number) => Array.from({ length: 5 }, (_, file) => fixture.path(`${writer}-${file}.log`));
  let isDone = false;
  const work = Promise.all(
    Array.from({ length: writers }, (_, writer) => {
      const args = [compiledTest('harness/line-writer.js'), `writer${writer}`, String(linesEach), ...filesOf(writer)];
      return output(process.execPath, args, { timeout: 100_000 });
    }),
  ).finally(() => {
    isDone = true;
  });
  let most = 0;
  while (!isDone) {
    most = Math.max(most, await bytesAtOnce(fixture));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await work;
  most = Math.max(most, await bytesAtOnce(fixture));
  assert.ok(most <= maxcache, `${most} bytes`);
  assert.ok(most > maxcache / 2, `the room is used: ${most} bytes`);
  await fixture.unmount();
  for (let writer = 0; writer < writers; writer++) {
    const written = Array.from({ length: linesEach }, (_, line) => `writer${writer} ${line}\n`).join('');
    for (const file of filesOf(writer)) {
      assert.ok(assertAccounted(fixture.root, file, written) > 0, `${file} lost something`);
      assert.deepEqual([...new Set(gapsOf(fixture.root, file).map(({ path }) => path))], [file]);
    }
  }
  assert.match(fixture.ownLog(), /the log cache is full: captured chunks were dropped/);
});

test('full=drop-oldest keeps the newest lines, over all streams', limit, async (t) => {
  const options = ['maxcache=50000', 'chunksize=5000', 'full=drop-oldest', 'seal=0.1'];
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options });
  const [old, young] = [lines(100), lines(600)];
  write(fixture.path('old.log'), old);
  await eventually(() => chunksOf(fixture.logs, fixture.path('old.log')).every(isSealed), {
    within: 10_000,
    what: 'the old chunks sealed',
  });
  assert.deepEqual(write(fixture.path('young.log'), young), []);
  assert.equal(captured(fixture, 'old.log'), '', 'the oldest are gone');
  assert.ok(young.join('').endsWith(captured(fixture, 'young.log')), 'what is left is the end');
  const names = chunkNamesOf(fixture.logs, fixture.path('young.log'));
  await fixture.unmount();
  assertAccounted(fixture.root, fixture.path('old.log'), old.join(''));
  assertAccounted(fixture.root, fixture.path('young.log'), young.join(''));
  const [gap] = gapsOf(fixture.root, fixture.path('young.log'));
  assert.ok(gap?.from !== undefined && gap.to !== undefined && gap.from <= gap.to && gap.to < (names[0] ?? ''));
  assert.equal(gap.reason, 'full');
});

test('full=drop-oldest never drops a live chunk', limit, async (t) => {
  const options = ['maxcache=20000', 'chunksize=100000', 'seal=3600'];
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options });
  write(fixture.path('live.log'), lines(190));
  write(fixture.path('other.log'), lines(20));
  assert.equal(captured(fixture, 'live.log'), lines(190).join(''));
  assert.equal(captured(fixture, 'other.log'), lines(10).join(''), 'as much as there is room for');
});

test('full=drop-new keeps what is there, and goes on when a collector has made room', limit, async (t) => {
  const options = ['maxcache=20000', 'chunksize=5000', 'full=drop-new'];
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options });
  const path = fixture.path('a.log');
  assert.deepEqual(write(path, lines(300)), []);
  assert.equal(captured(fixture, 'a.log'), lines(200).join(''));
  assert.equal(readFileSync(join(fixture.mirror, 'a.log'), 'utf8'), lines(300).join(''));
  for (const chunk of chunksOf(fixture.logs, path).slice(0, 2)) rmSync(chunk);
  let next = 300;
  await eventually(
    () => {
      write(path, lines(1, next++));
      return captured(fixture, 'a.log').endsWith(lines(1, next - 1).join(''));
    },
    { within: 10_000, what: 'captured again' },
  );
  await fixture.unmount();
  const [gap] = gapsOf(fixture.root, path);
  assert.equal(gap?.from, undefined, 'no chunk was dropped');
});

test('full=fail refuses a write and does nothing of it, until there is room again', limit, async (t) => {
  const options = ['maxcache=20000', 'chunksize=5000', 'full=fail'];
  const fixture = await MountFixture.mount(t, { patterns: ['*.log', '!free.log'], options });
  const path = fixture.path('a.log');
  const failures = write(path, lines(300));
  assert.deepEqual([failures.length, new Set(failures)], [100, new Set(['ENOSPC'])]);
  const first = lines(200).join('');
  assert.equal(captured(fixture, 'a.log'), first);
  assert.equal(readFileSync(join(fixture.mirror, 'a.log'), 'utf8'), first);
  assert.deepEqual(write(fixture.path('free.log'), lines(300)), [], 'a file that is not tracked is not concerned');
  for (const chunk of chunksOf(fixture.logs, path)) rmSync(chunk);
  await eventually(() => write(path, lines(1, 1000)).length === 0, { within: 10_000, what: 'a write that succeeds' });
  assert.equal(captured(fixture, 'a.log'), lines(1, 1000).join(''));
  assert.equal(readFileSync(join(fixture.mirror, 'a.log'), 'utf8'), first + lines(1, 1000).join(''));
  await fixture.unmount();
  assert.deepEqual(gapsOf(fixture.root, path), [], 'nothing was lost');
  assert.match(fixture.ownLog(), /writes were refused/);
});

test('after a restart the chunks that are there count, and the oldest of them give way', limit, async (t) => {
  const options = ['maxcache=50000', 'chunksize=5000'];
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options });
  const path = fixture.path('a.log');
  write(path, lines(490));
  await fixture.unmount();
  const before = chunkNamesOf(fixture.logs, path);
  assert.equal(bytesIn(fixture.logs), 49_000);
  await fixture.remount();
  append(fixture, 'a.log', lines(30, 490).join(''));
  assert.ok(bytesIn(fixture.logs) <= 50_000);
  const after = chunkNamesOf(fixture.logs, path);
  assert.deepEqual(after.slice(0, -1), before.slice(before.length - after.length + 1), 'the oldest are gone, no other');
  assert.ok(lines(520).join('').endsWith(captured(fixture, 'a.log')));
  await fixture.unmount();
  assertAccounted(fixture.root, path, lines(520).join(''));
});

test('a cache that is over its limit at the start is cut down to it', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=5000', 'seal=0.1'] });
  const path = fixture.path('a.log');
  write(path, lines(1000));
  await fixture.unmount();
  await fixture.remount(['maxcache=30000']);
  // Some milliseconds each second are spent on it.
  await eventually(() => bytesIn(fixture.logs) <= 30_000, { within: 20_000, what: 'a cache within its limit' });
  append(fixture, 'a.log', lines(1, 1000).join(''));
  assert.ok(bytesIn(fixture.logs) <= 30_000);
  await fixture.unmount();
  assertAccounted(fixture.root, path, lines(1001).join(''));
});
