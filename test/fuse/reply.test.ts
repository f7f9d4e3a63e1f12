import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OutHeader } from '../../src/fuse/layout.js';
import { decodeDevice, encodeDevice, Reply } from '../../src/fuse/reply.js';
import { MemoryRegion } from '../../src/libc/memory.js';

describe('a reply', () => {
  test('holds 64-bit fields with the low word first', () => {
    const reply = new Reply(new MemoryRegion(OutHeader.size + 64));
    reply.setU64(8, 0x1234_5678_9abc);
    assert.equal(reply.region.bytes.readBigUInt64LE(OutHeader.size + 8), 0x1234_5678_9abcn);
  });

  test('clears no more than it is told to', () => {
    const reply = new Reply(new MemoryRegion(OutHeader.size + 64));
    reply.region.bytes.fill(0xff);
    reply.clear(8, 16);
    assert.equal(reply.region.bytes.readBigUInt64LE(OutHeader.size + 16), 0n);
    assert.equal(reply.region.bytes[OutHeader.size + 24], 0xff);
    assert.equal(reply.region.bytes[OutHeader.size + 7], 0xff);
  });
});

describe('device numbers', () => {
  test('are encoded as the kernel does: 12 bits major, 20 bits minor', () => {
    assert.equal(encodeDevice(1, 3), 0x103);
    assert.equal(encodeDevice(0xfff, 0xfffff), 0xffffffff);
  });

  for (const [major, minor] of [
    [0, 0],
    [1, 3],
    [8, 17],
    [259, 65_536],
    [4095, 1_048_575],
  ] as const) {
    test(`${major}:${minor} survives the way to libc`, () => {
      const device = decodeDevice(encodeDevice(major, minor));
      // gnu_dev_major and gnu_dev_minor of glibc, for numbers that fit 32 bits.
      assert.equal((device >>> 8) & 0xfff, major);
      assert.equal((device & 0xff) | ((device >>> 12) & 0xfff00), minor);
    });
  }
});
