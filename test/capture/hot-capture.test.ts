import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { HotCapture } from '../../src/capture/hot-capture.js';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { plentyOfCredit } from '../harness/cache-room.js';

const CHUNK_SIZE = 100;
const HANDLE = 3;
const region = new MemoryRegion(256 * 1024);

/** The owner of the streams gives the handle to another stream, or to none, while a writer waits for the lock. */
class ChangingSlots extends StreamSlots {
  becomes = -1;

  override lock(slot: number): void {
    super.lock(slot);
    this.link(HANDLE, this.becomes);
  }
}

describe('capture on a queue thread', () => {
  let folder: string;
  let path: string;
  let fd: number;
  let slots: StreamSlots;
  let slot: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    path = join(folder, 'chunk');
    fd = openSync(path, 'ax');
    use(new StreamSlots());
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });

  function use(other: StreamSlots): void {
    slots = other;
    slot = slots.take('/var/log/f');
    slots.link(HANDLE, slot);
  }

  /** @returns what {@link HotCapture.append} says, and the slot whose lock it keeps */
  function append(text: string, chunkSize = CHUNK_SIZE): [captured: number, lockedSlot: number] {
    const length = region.bytes.write(text, 8);
    const capture = new HotCapture(slots, chunkSize, undefined, plentyOfCredit());
    return [capture.append(HANDLE, region.address + 8, length, 1, 0, 0), capture.lockedSlot];
  }
  const chunk = (): string => readFileSync(path, 'latin1');
  const isLocked = (): boolean => {
    if (!slots.tryLock(slot)) return true;
    slots.unlock(slot);
    return false;
  };

  test('has nothing to do for a handle that is not tracked', () => {
    slots.beginChunk(slot, fd, 0n);
    slots.link(HANDLE, -1);
    assert.deepEqual(append('line\n'), [5, -1]);
    assert.equal(chunk(), '');
  });

  test('appends to the live chunk, and says so', () => {
    slots.beginChunk(slot, fd, 0n);
    assert.deepEqual(append('one\n'), [4, -1]);
    assert.deepEqual(append('two\n'), [4, -1]);
    assert.equal(chunk(), 'one\ntwo\n');
    assert.deepEqual([slots.size(slot), slots.takeActive(slot), isLocked()], [8, true, false]);
  });

  test('leaves all to the owner where there is no chunk', () => {
    assert.deepEqual(append('line\n'), [0, -1]);
    assert.equal(isLocked(), false);
  });

  test('fills a chunk to its last byte, and leaves to the owner what would exceed it', () => {
    slots.beginChunk(slot, fd, 0n);
    const almost = 'x'.repeat(CHUNK_SIZE - 2);
    assert.deepEqual(append(almost), [CHUNK_SIZE - 2, -1]);
    assert.deepEqual(append('abc'), [0, -1]);
    assert.deepEqual(append('a\n'), [2, -1]);
    assert.deepEqual(append('b'), [0, -1]);
    assert.equal(chunk(), `${almost}a\n`);
    assert.deepEqual([slots.size(slot), isLocked()], [CHUNK_SIZE, false]);
  });

  test('leaves to the owner what went to a chunk that was deleted', () => {
    slots.beginChunk(slot, fd, 0n);
    rmSync(path);
    assert.deepEqual(append('line\n'), [0, -1]);
    assert.deepEqual([slots.size(slot), isLocked()], [0, false]);
  });

  for (const [what, becomes] of [
    ['none', -1],
    ['another stream', 1],
  ] as const) {
    test(`leaves to the owner a handle that belongs to ${what} by the time the lock is free`, () => {
      const changing = new ChangingSlots();
      changing.becomes = becomes;
      use(changing);
      slots.beginChunk(slot, fd, 0n);
      assert.deepEqual(append('line\n'), [0, -1]);
      assert.equal(chunk(), '');
      // Not by this class's own lock.
      assert.equal(slots.tryLock(slot), true);
    });
  }

  test('leaves to the owner a chunk that takes nothing', () => {
    const readOnly = openSync(path, 'r');
    slots.beginChunk(slot, readOnly, 0n);
    assert.deepEqual(append('line\n'), [0, -1]);
    assert.deepEqual([slots.size(slot), isLocked()], [0, false]);
    closeSync(readOnly);
  });

  test('keeps the lock, for the owner to release, when the chunk takes a part only', () => {
    // A pipe that nobody reads is a disk with little room.
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const pipeFd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    slots.beginChunk(slot, pipeFd, 0n);
    const room = 65_536;
    assert.deepEqual(append(`${'x'.repeat(room)}rest`, 1 << 20), [room, slot]);
    assert.deepEqual([slots.size(slot), isLocked()], [room, true]);
    slots.unlock(slot);
    readSync(pipeFd, Buffer.alloc(room));
    assert.deepEqual(append('next\n', 1 << 20), [5, -1], 'the next write keeps none');
    assert.equal(isLocked(), false);
    closeSync(pipeFd);
  });
});
