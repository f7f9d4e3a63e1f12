import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InHeader } from '../../src/fuse/layout.js';
import { Request } from '../../src/fuse/request.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { EntryName } from '../../src/mirror/entry-name.js';

const EINVAL = -22;
const stale = 0x53;

/** A request with these arguments, in a buffer where an earlier one has left something. */
function requestOf(args: Buffer, header: Partial<Record<keyof typeof InHeader, number>> = {}): Request {
  const request = new Request(new MemoryRegion(4096));
  const { bytes } = request.region;
  bytes.fill(stale).fill(0, 0, InHeader.size);
  for (const [field, value] of Object.entries(header)) {
    bytes.writeUInt32LE(value, InHeader[field as keyof typeof InHeader]);
  }
  args.copy(bytes, InHeader.size);
  request.length = InHeader.size + args.length;
  return request;
}

const words = (...values: number[]): Buffer => Buffer.from(new Uint32Array(values).buffer);

describe('a request', () => {
  test('tells the fields of its header', () => {
    const request = requestOf(words(), { len: 40, opcode: 15, unique: 7, nodeid: 9, uid: 1000, gid: 100, pid: 4711 });
    const { statedLength, opcode, uniqueLow, uniqueHigh, nodeId, uid, gid, pid } = request;
    assert.deepEqual([statedLength, opcode, uniqueLow, uniqueHigh, nodeId], [40, 15, 7, 0, 9]);
    assert.deepEqual([uid, gid, pid], [1000, 100, 4711]);
  });

  test('tells 32-bit arguments without a sign', () => {
    assert.equal(requestOf(words(1, 0xffffffff)).u32(4), 0xffffffff);
  });

  test('tells 64-bit arguments as a number, and in full with a sign', () => {
    const request = requestOf(words(5, 1, 0xffffffff, 0xffffffff));
    assert.equal(request.u64(0), 2 ** 32 + 5);
    assert.equal(request.bigint64(0), 2n ** 32n + 5n);
    assert.equal(request.u64(8), 2 ** 64);
    assert.equal(request.bigint64(8), -1n);
  });

  test('gives 0 for arguments behind its end, never what an earlier request left there', () => {
    const request = requestOf(words(1, 2));
    for (const offset of [8, 12, 1000, 4048, 4056, 1e6]) {
      assert.equal(request.u32(offset), 0, `u32(${offset})`);
      assert.equal(request.u64(offset), 0, `u64(${offset})`);
      assert.equal(request.bigint64(offset), 0n, `bigint64(${offset})`);
    }
  });

  test('gives 0 for an argument that it holds only half of', () => {
    const request = requestOf(Buffer.concat([words(1), Buffer.from([1, 1])]));
    assert.equal(request.u32(4), 0);
    assert.equal(request.u64(0), 1);
  });

  test('has a header of zeros when it is shorter than one', () => {
    const request = requestOf(words(), { unique: 7, nodeid: 9 });
    request.length = 6;
    assert.deepEqual([request.opcode, request.uniqueLow, request.nodeId, request.uid], [0, 0, 0, 0]);
  });

  test('knows how many bytes of arguments it has', () => {
    const request = requestOf(words(1, 2));
    assert.ok(request.hasArguments(8));
    assert.ok(!request.hasArguments(9));
  });

  test('finds a name by its NUL, and none where the NUL is missing or lies behind its end', () => {
    const request = requestOf(Buffer.from('1234a.log\0b.log'));
    const name = new EntryName(request.region);
    assert.equal(request.locateName(name, 4), 0);
    assert.equal(name.text, 'a.log');
    request.region.bytes[InHeader.size + 30] = 0;
    assert.equal(request.locateName(name, 10), EINVAL);
    assert.equal(request.locateName(name, 15), EINVAL);
    assert.equal(request.locateName(name, 20), EINVAL);
  });
});
