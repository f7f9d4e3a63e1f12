import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../src/capture/chunk-store.js';
import { Losses } from '../../src/capture/losses.js';
import { PatternSet } from '../../src/capture/pattern-set.js';
import { SkippedWriters } from '../../src/capture/skipped-writers.js';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { StreamTable, type WrittenFile } from '../../src/capture/stream-table.js';
import { parseTrackList } from '../../src/capture/track-list.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { unlimitedRoom } from '../harness/cache-room.js';

const region = new MemoryRegion(4096);
const patternsOf = (...lines: string[]): PatternSet =>
  new PatternSet(parseTrackList(lines.join('\n')).rules, (problem) => assert.fail(JSON.stringify(problem)));
const fileAt = (path: string): WrittenFile => ({ paths: [path], pid: 0 });

/** Notes what other threads see of a handle. */
class WatchedSlots extends StreamSlots {
  readonly seen: number[] = [];

  override link(handle: number, slot: number): void {
    super.link(handle, slot);
    this.seen.push(slot);
  }
}

describe('a table of streams', () => {
  let folder: string;
  let slots: WatchedSlots;
  let clock: ChunkClock;
  let table: StreamTable;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    slots = new WatchedSlots();
    clock = new ChunkClock(join(folder, 'clock'), 0n);
    const store = new ChunkStore(
      { logs: join(folder, 'logs'), gid: undefined, chunkSize: 100 },
      clock,
      unlimitedRoom(join(folder, 'logs')),
    );
    const options = { mountpoint: '/var/log', sealMilliseconds: 0, skippedWriters: new SkippedWriters([]) };
    table = new StreamTable(patternsOf('/var/log/*.log'), store, new Losses(), options, slots);
  });
  afterEach(() => {
    table.endAll();
    clock.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const append = (handle: number, text: string): void => table.append(handle, region, 0, region.bytes.write(text));
  const usePatterns = (patterns: PatternSet, files: [number, WrittenFile][]): void => {
    table.usePatterns(patterns, files);
    table.applyPatterns(Number.POSITIVE_INFINITY);
  };
  const captured = (): string[] =>
    readdirSync(join(folder, 'logs'))
      .sort()
      .map((name) => readFileSync(join(folder, 'logs', name), 'latin1'));

  test('keeps a file that stays tracked tracked at every moment, whatever patterns come', () => {
    table.attach(1, fileAt('/a.log'));
    const [slot] = slots.seen;
    usePatterns(patternsOf('/var/log/a*', '/var/log/other'), [[1, fileAt('/a.log')]]);
    assert.deepEqual(slots.seen, [slot, slot]);
  });

  test('gives back descriptors of chunks where there are too many, and captures all the same', () => {
    const handles = Array.from({ length: 20 }, (_, handle) => handle);
    for (const handle of handles) table.attach(handle, fileAt(`/${handle}.log`));
    for (const handle of handles) append(handle, `${handle} before\n`);
    table.trim(5);
    assert.equal(table.descriptors, 5);
    for (const handle of handles) append(handle, `${handle} after\n`);
    const lines = handles.flatMap((handle) => [`${handle} before`, `${handle} after`]);
    assert.deepEqual(captured().join('').trimEnd().split('\n').sort(), lines.sort());
    table.trim(0);
    assert.equal(table.descriptors, 0);
  });

  test('does not end a chunk that somebody is writing to, whatever the descriptors', () => {
    table.attach(1, fileAt('/a.log'));
    append(1, 'before\n');
    const [slot = -1] = slots.seen;
    slots.lock(slot);
    table.trim(0);
    slots.unlock(slot);
    append(1, 'after\n');
    assert.deepEqual(captured(), ['before\nafter\n']);
  });

  test('applies patterns to open files a piece at a time, and only to those that are open then', () => {
    const count = 2000;
    const open = new Set(Array.from({ length: count }, (_, handle) => handle));
    for (const handle of open) table.attach(handle, fileAt(`/${handle}.other`));
    const files = function* (): Generator<readonly [number, WrittenFile]> {
      for (const handle of open) yield [handle, fileAt(`/${handle}.other`)];
    };
    table.usePatterns(patternsOf('/var/log/*.other'), files());
    assert.equal(table.applyPatterns(0), false);
    open.delete(count - 1);
    table.release(count - 1);
    while (!table.applyPatterns(1));
    const tracked = Array.from({ length: count }, (_, handle) => table.tracks(handle));
    assert.deepEqual([tracked.filter(Boolean).length, tracked.at(-1)], [count - 1, false]);
  });

  test('lets go of a stream when the last handle is released, however often patterns have changed', () => {
    table.attach(1, fileAt('/a.log'));
    for (let round = 0; round < 3; round++) usePatterns(patternsOf('/var/log/*'), [[1, fileAt('/a.log')]]);
    table.housekeep(0);
    assert.equal(table.isIdle, false);
    table.release(1);
    table.housekeep(0);
    assert.equal(table.isIdle, true);
  });

  test('captures a handle again whose pattern went and came back', () => {
    table.attach(1, fileAt('/a.log'));
    append(1, 'one\n');
    usePatterns(patternsOf('/var/log/b.log'), [[1, fileAt('/a.log')]]);
    assert.equal(table.tracks(1), false);
    append(1, 'two\n');
    usePatterns(patternsOf('/var/log/a.log'), [[1, fileAt('/a.log')]]);
    append(1, 'three\n');
    assert.deepEqual(captured(), ['one\nthree\n']);
  });

  test('joins whoever creates the path anew to the stream of who still writes there', () => {
    table.attach(1, fileAt('/a.log'));
    table.attach(2, fileAt('/a.log'));
    append(1, 'old\n');
    append(2, 'new\n');
    append(1, 'old\n');
    assert.deepEqual(captured(), ['old\nnew\nold\n']);
    assert.equal(slots.ofHandle(1), slots.ofHandle(2));
  });

  test('captures the rest of a write behind what another thread has captured of it', () => {
    table.attach(1, fileAt('/a.log'));
    append(1, 'first, ');
    const slot = slots.ofHandle(1);
    slots.lock(slot);
    table.appendLocked(slot, region, 0, region.bytes.write('the rest\n'));
    assert.deepEqual(captured(), ['first, the rest\n']);
    assert.equal(slots.tryLock(slot), true, 'the lock is free again');
    slots.unlock(slot);
  });
});
