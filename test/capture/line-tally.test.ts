import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTED_BYTES, countNewlinesFast, LineTally } from '../../src/capture/line-tally.js';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { MemoryRegion } from '../../src/libc/memory.js';

const region = new MemoryRegion(4096);
const largeRegion = new MemoryRegion(COUNTED_BYTES);

function plainCount(start: number, length: number): number {
  return region.bytes.subarray(start, start + length).filter((byte) => byte === 0x0a).length;
}

test('newlines are counted right wherever a write begins and ends, whatever is in it', () => {
  // All byte values that look alike in four bytes at a time: neighbours of a newline, high bits, zeros.
  const bytes = [0x0a, 0x0b, 0x09, 0x8a, 0x00, 0xff, 0x0a, 0x0a, 0x80, 0x4a];
  for (let at = 0; at < region.size; at++) region.bytes[at] = bytes[(at * 7 + (at >> 3)) % bytes.length] ?? 0;
  for (let start = 0; start < 9; start++) {
    for (let length = 0; length < 70; length++) {
      const counted = countNewlinesFast(region.bytes, region.words, start, length);
      assert.equal(counted, plainCount(start, length), `${length} bytes from ${start}`);
    }
  }
  assert.equal(countNewlinesFast(region.bytes, region.words, 3, 4090), plainCount(3, 4090));
});

test('a thread counts so much in a second and no more, and goes on in the next one', () => {
  let now = 5000;
  const tally = new LineTally(() => now);
  largeRegion.bytes[7] = 0x0a;
  const count = (length: number): number => tally.count(largeRegion.bytes, largeRegion.words, 0, length);
  assert.equal(count(COUNTED_BYTES), 1);
  now = 5999;
  assert.equal(count(8), -1);
  now = 6000;
  assert.equal(count(8), 1);
});

test('lines beyond that are estimated by the length of those before, and said to be', () => {
  const slots = new StreamSlots(undefined, undefined, () => 5000);
  const slot = slots.take('/a');
  const capture = (length: number): void => {
    slots.grow(slot, length);
    slots.countLines(slot, largeRegion, 0, length);
  };
  largeRegion.bytes.fill('aaaaaaaaa\n');
  capture(COUNTED_BYTES - 6);
  const exact = slots.countsOf(slot);
  assert.equal(exact.estimatedLines, 0);
  assert.equal(exact.lines, Math.floor((COUNTED_BYTES - 6) / 10));
  capture(1000);
  assert.deepEqual(slots.countsOf(slot), {
    bytes: COUNTED_BYTES + 994,
    lines: exact.lines + 100,
    estimatedLines: 100,
  });
});

test('a slot that is given to another stream counts from nothing, and other threads see that', () => {
  const slots = new StreamSlots();
  const others = new StreamSlots(MemoryRegion.at(slots.region.place));
  const slot = slots.take('/a');
  slots.grow(slot, 2 ** 31);
  slots.grow(slot, 2 ** 31);
  assert.equal(others.countsOf(slot).bytes, 2 ** 32);
  slots.give(slot);
  assert.equal(slots.take('/a'), slot);
  assert.deepEqual(others.countsOf(slot), { bytes: 0, lines: 0, estimatedLines: 0 });
});
