import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { MAX_HANDLES, StreamSlots } from '../../src/capture/stream-slots.js';
import { MemoryRegion } from '../../src/libc/memory.js';

describe('stream slots', () => {
  let slots: StreamSlots;
  beforeEach(() => {
    slots = new StreamSlots();
  });

  test('capture no handle at first', () => {
    assert.deepEqual(
      [0, 1, MAX_HANDLES - 1].map((handle) => slots.ofHandle(handle)),
      [-1, -1, -1],
    );
  });

  test('tell the slot of a linked handle, slot 0 too, until it is unlinked', () => {
    const [a, b] = [slots.take('/var/log/f'), slots.take('/var/log/f')];
    assert.notEqual(a, b);
    slots.link(5, a);
    slots.link(6, b);
    assert.deepEqual([slots.ofHandle(5), slots.ofHandle(6)], [a, b]);
    slots.link(5, -1);
    assert.deepEqual([slots.ofHandle(5), slots.ofHandle(6)], [-1, b]);
  });

  test('take no handle for captured that is no handle', () => {
    const slot = slots.take('/var/log/f');
    for (const handle of [MAX_HANDLES, 2 ** 40, 2 ** 64]) {
      slots.link(handle, slot);
      assert.equal(slots.ofHandle(handle), -1);
    }
    assert.equal(slots.chunkFd(slot), -1, 'what lies behind the handles is untouched');
  });

  test('know the live chunk, descriptor 0 too, and its size', () => {
    const slot = slots.take('/var/log/f');
    assert.equal(slots.chunkFd(slot), -1);
    slots.beginChunk(slot, 0, 0n);
    slots.grow(slot, 10);
    slots.grow(slot, 2 ** 31);
    assert.deepEqual([slots.chunkFd(slot), slots.size(slot)], [0, 2 ** 31 + 10]);
    slots.endChunk(slot);
    assert.equal(slots.chunkFd(slot), -1);
    slots.beginChunk(slot, 7, 0n);
    assert.deepEqual([slots.chunkFd(slot), slots.size(slot)], [7, 0]);
  });

  test('tell once that something was appended', () => {
    const slot = slots.take('/var/log/f');
    assert.equal(slots.takeActive(slot), false);
    slots.grow(slot, 1);
    slots.grow(slot, 1);
    assert.deepEqual([slots.takeActive(slot), slots.takeActive(slot)], [true, false]);
  });

  test('are without a chunk when they are taken again', () => {
    const slot = slots.take('/var/log/f');
    slots.beginChunk(slot, 7, 0n);
    slots.grow(slot, 100);
    slots.give(slot);
    assert.equal(slots.take('/var/log/f'), slot);
    assert.deepEqual([slots.chunkFd(slot), slots.size(slot), slots.takeActive(slot)], [-1, 0, false]);
  });

  test('keep a lock that somebody still holds when they are taken again', () => {
    const slot = slots.take('/var/log/f');
    slots.lock(slot);
    slots.give(slot);
    assert.equal(slots.take('/var/log/f'), slot);
    assert.equal(slots.tryLock(slot), false);
    slots.unlock(slot);
    assert.equal(slots.tryLock(slot), true);
  });

  test('have a lock each', () => {
    const [a, b] = [slots.take('/var/log/f'), slots.take('/var/log/f')];
    slots.lock(a);
    assert.equal(slots.tryLock(b), true);
    slots.unlock(b);
    assert.equal(slots.tryLock(a), false);
  });

  test('are the same for every thread', () => {
    const others = new StreamSlots(MemoryRegion.at(slots.region.place));
    const slot = slots.take('/var/log/f');
    slots.link(3, slot);
    slots.beginChunk(slot, 9, 0n);
    others.lock(slot);
    others.grow(slot, 4);
    assert.deepEqual([others.ofHandle(3), others.chunkFd(slot)], [slot, 9]);
    assert.deepEqual([slots.size(slot), slots.tryLock(slot)], [4, false]);
  });
});
