import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { InHeader } from '../../../src/fuse/layout.js';
import { MAX_WRITE } from '../../../src/fuse/negotiation.js';
import { Opcode } from '../../../src/fuse/opcode.js';
import { RequestSlots, SLOT_HEADERS_SIZE, SLOT_PAYLOADS_SIZE, Task } from '../../../src/fuse/uring/request-slots.js';
import { MemoryRegion } from '../../../src/libc/memory.js';

/** Byte offsets into `struct fuse_uring_req_header`. */
const Header = { inOut: 0, opIn: 128, commitId: 264, payloadSize: 272, length: 288 } as const;

/** What the kernel has for a request: the arguments with their sizes, as `/dev/fuse` shows them one behind the other. */
interface KernelRequest {
  readonly opcode: number;
  /** The argument that has a place of its own over io_uring; empty for operations without one. */
  readonly first: Buffer;
  readonly others: readonly Buffer[];
}

/** The message as it can be read from `/dev/fuse`. */
function deviceMessage({ opcode, first, others }: KernelRequest): Buffer {
  const header = Buffer.alloc(InHeader.size);
  const body = Buffer.concat([first, ...others]);
  header.writeUInt32LE(InHeader.size + body.length, InHeader.len);
  header.writeUInt32LE(opcode, InHeader.opcode);
  header.writeBigUInt64LE(0x1122334455667788n, InHeader.unique);
  header.writeBigUInt64LE(42n, InHeader.nodeid);
  header.writeUInt32LE(1000, InHeader.uid);
  return Buffer.concat([header, body]);
}

/** The bytes that a slot's `struct iovec` number `index` names. */
function iovec(slots: RequestSlots, slot: number, index: number): { address: number; bytes: Buffer } {
  const { words } = new MemoryRegion(32, slots.describe(slot));
  const at = (word: number): number => words[index * 4 + word] ?? 0;
  const address = at(0) + at(1) * 2 ** 32;
  return { address, bytes: new MemoryRegion(at(2) + at(3) * 2 ** 32, address).bytes };
}

/** Puts a request into a slot as the kernel does: through the memory that the slot was registered with. */
function receive(slots: RequestSlots, slot: number, request: KernelRequest): Buffer {
  const message = deviceMessage(request);
  const { bytes: header } = iovec(slots, slot, 0);
  const { bytes: payload } = iovec(slots, slot, 1);
  header.fill(0xaa, 0, Header.length);
  message.copy(header, Header.inOut, 0, InHeader.size);
  request.first.copy(header, Header.opIn);
  const rest = Buffer.concat(request.others);
  rest.copy(payload);
  header.writeUInt32LE(rest.length, Header.payloadSize);
  header.writeBigUInt64LE(0xfedcba9876543210n, Header.commitId);
  return message;
}

/** Bytes of memory that are mapped in the mapping that begins at an address. */
function residentAt(address: number): number {
  const [, mapping = ''] = readFileSync('/proc/self/smaps', 'latin1').split(`${address.toString(16)}-`);
  return Number(/^Rss: +(\d+) kB$/m.exec(mapping)?.[1]) * 1024;
}

const nul = (text: string): Buffer => Buffer.from(`${text}\0`);

describe('request slots', () => {
  const target = new MemoryRegion(MAX_WRITE + 4096);

  test('that the next server finds have memory for a large request once there was one of their CPU', () => {
    const keep = (size: number) => new MemoryRegion(size).place;
    const slots = RequestSlots.create(2, { headers: keep(SLOT_HEADERS_SIZE), payloads: keep(SLOT_PAYLOADS_SIZE) });
    const { address } = slots.payloads;
    slots.populate();
    const before = residentAt(address);
    const request = { opcode: Opcode.WRITE, first: Buffer.alloc(40), others: [Buffer.alloc(100_000)] };
    receive(slots, 1, request);
    slots.populateLike(1);
    assert.equal(residentAt(address) - before, slots.perQueue * (131_072 - 16_384));
    receive(slots, slots.perQueue, { ...request, others: [Buffer.alloc(16_384)] });
    slots.populateLike(slots.perQueue);
    receive(slots, 0, { ...request, others: [Buffer.alloc(MAX_WRITE)] });
    const resident = residentAt(address);
    slots.populateLike(0);
    assert.equal(residentAt(address), resident);
  });

  test('are as many for each CPU as memory allows, and two at least', () => {
    const perQueue = (cpus: number): number => RequestSlots.create(cpus).perQueue;
    assert.deepEqual([1, 2, 32, 64, 1024].map(perQueue), [32, 32, 32, 16, 2]);
  });

  test('belong to their CPU, and do not overlap', () => {
    const slots = RequestSlots.create(3);
    assert.equal(slots.count, 96);
    assert.deepEqual(
      [0, 31, 32, 63, 64, 95].map((slot) => slots.queueOf(slot)),
      [0, 0, 1, 1, 2, 2],
    );
    for (const index of [0, 1]) {
      const [one, two] = [iovec(slots, 40, index), iovec(slots, 41, index)];
      assert.ok(one.address + one.bytes.length <= two.address);
    }
    assert.equal(iovec(slots, 0, 0).bytes.length, Header.length);
    assert.equal(iovec(slots, 95, 1).bytes.length, MAX_WRITE);
    assert.equal(iovec(slots, 95, 1).address, slots.payloads.address + slots.payload(95));
  });

  const requests: Record<string, KernelRequest> = {
    'a write of the largest size': {
      opcode: Opcode.WRITE,
      first: Buffer.alloc(40, 'w'),
      others: [Buffer.alloc(MAX_WRITE, 'abcdefg')],
    },
    'a write of one byte': { opcode: Opcode.WRITE, first: Buffer.alloc(40, 'w'), others: [Buffer.from('x')] },
    'a rename, with two names': { opcode: Opcode.RENAME, first: Buffer.alloc(8, 1), others: [nul('old'), nul('new')] },
    'a lookup, which has a name only': { opcode: Opcode.LOOKUP, first: Buffer.alloc(0), others: [nul('é.log')] },
    'a read, which has no payload': { opcode: Opcode.READ, first: Buffer.alloc(40, 'r'), others: [] },
    'an empty write': { opcode: Opcode.WRITE, first: Buffer.alloc(40, 'w'), others: [Buffer.alloc(0)] },
    'a readlink, which has no arguments': { opcode: Opcode.READLINK, first: Buffer.alloc(0), others: [] },
    'the longest first argument': { opcode: Opcode.SETATTR, first: Buffer.alloc(128, 's'), others: [] },
  };
  for (const [what, request] of Object.entries(requests)) {
    test(`give ${what} as /dev/fuse would have`, () => {
      const slots = RequestSlots.create(2);
      const message = receive(slots, 33, request);
      target.bytes.fill(0x55);
      assert.equal(slots.copyRequest(33, target), message.length);
      assert.ok(target.bytes.subarray(0, message.length).equals(message));
      assert.equal(target.bytes[message.length], 0x55, 'and nothing behind it');
      assert.equal(slots.opcode(33), request.opcode);
    });
  }

  test('show the first argument in place', () => {
    const slots = RequestSlots.create(2);
    const first = Buffer.alloc(40);
    first.writeBigUInt64LE(0x1_2345_6789n, 8);
    receive(slots, 1, { opcode: Opcode.READ, first, others: [] });
    assert.deepEqual([slots.u64(1, 8), slots.u32(1, 8), slots.u32(1, 12)], [0x1_2345_6789, 0x2345_6789, 1]);
  });

  test('are answered under the commit id of their request, in the queue of their CPU', () => {
    const slots = RequestSlots.create(2);
    receive(slots, 33, { opcode: Opcode.READ, first: Buffer.alloc(40), others: [] });
    const answered: number[] = [];
    slots.commit(33, { commitAndFetch: (...values) => void answered.push(...values) }, 7);
    assert.deepEqual(answered, [7, 1, 0x76543210, 0xfedcba98, 33]);
  });

  test('never copy more than fits, whatever the header says', () => {
    const slots = RequestSlots.create(2);
    receive(slots, 1, { opcode: Opcode.READ, first: Buffer.alloc(40), others: [] });
    const { bytes } = iovec(slots, 1, 0);
    for (const [length, payloadSize] of [
      [0xffffffff, 0xffffffff],
      [0, 0xffffffff],
      [0xffffffff, 0],
      [0, 0],
    ] as const) {
      bytes.writeUInt32LE(length, InHeader.len);
      bytes.writeUInt32LE(payloadSize, Header.payloadSize);
      assert.ok(slots.copyRequest(1, target) <= InHeader.size + 128 + MAX_WRITE);
    }
  });

  for (const { result, length, error } of [
    { result: 0, length: 16, error: 0 },
    { result: 104, length: 120, error: 0 },
    { result: MAX_WRITE, length: 16 + MAX_WRITE, error: 0 },
    { result: -2, length: 16, error: -2 },
  ]) {
    test(`carry the reply ${result}`, () => {
      const slots = RequestSlots.create(2);
      receive(slots, 1, { opcode: Opcode.WRITE, first: Buffer.alloc(40), others: [Buffer.alloc(100)] });
      slots.setResult(1, result);
      const { bytes } = iovec(slots, 1, 0);
      assert.equal(bytes.readUInt32LE(0), length, 'length');
      assert.equal(bytes.readInt32LE(4), error, 'error');
      assert.equal(bytes.readBigUInt64LE(8), 0x1122334455667788n, 'unique');
      assert.equal(bytes.readUInt32LE(Header.payloadSize), Math.max(0, result), 'payload');
      assert.equal(bytes.readBigUInt64LE(Header.commitId), 0xfedcba9876543210n, 'commit id');
    });
  }

  test("tell the owner what is left to do, in memory that is not the kernel's", () => {
    const slots = RequestSlots.create(2);
    const owner = RequestSlots.at(slots.place);
    receive(slots, 5, { opcode: Opcode.WRITE, first: Buffer.alloc(40), others: [Buffer.alloc(100)] });
    const header = Buffer.from(iovec(slots, 5, 0).bytes);
    slots.leaveToCapture(5, 100, 60, 12);
    assert.deepEqual(
      [owner.task(5), owner.written(5), owner.captured(5), owner.lockedStream(5)],
      [Task.capture, 100, 60, 12],
    );
    slots.leaveToCapture(5, 100, 0, -1);
    assert.equal(owner.lockedStream(5), -1);
    slots.leaveToServe(5);
    assert.equal(owner.task(5), Task.serve);
    assert.deepEqual(iovec(slots, 5, 0).bytes, header);
    assert.equal(owner.task(4), Task.serve, 'the neighbour is untouched');
    assert.deepEqual([owner.count, owner.perQueue, owner.queueOf(33)], [64, 32, 1]);
  });
});
