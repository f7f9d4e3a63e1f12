/** What a server finds in the slots of one that died. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { InHeader } from '../../../src/fuse/layout.js';
import { Opcode } from '../../../src/fuse/opcode.js';
import { RequestSlots, SLOT_HEADERS_SIZE, SLOT_PAYLOADS_SIZE } from '../../../src/fuse/uring/request-slots.js';
import { SlotNotes } from '../../../src/fuse/uring/slot-notes.js';
import { MemoryRegion } from '../../../src/libc/memory.js';

const SLOT = 5;
const COMMIT_ID = 66;
const PAYLOAD_SIZE = 68;
const noRing = { commitAndFetch: () => undefined };

describe('a slot of a dead server', () => {
  const kept = { headers: new MemoryRegion(SLOT_HEADERS_SIZE), payloads: new MemoryRegion(SLOT_PAYLOADS_SIZE) };
  let slots: RequestSlots;
  let notes: SlotNotes;

  beforeEach(() => {
    kept.headers.words.fill(0);
    slots = RequestSlots.create(1, kept);
    notes = new SlotNotes(slots);
  });

  /** As the kernel does it. */
  function deliver(unique: number, opcode: number, payload: string): void {
    const { words } = slots;
    const start = slots.header(SLOT);
    slots.payloads.bytes.write(payload, slots.payload(SLOT), 'latin1');
    words[start + PAYLOAD_SIZE] = payload.length;
    words[start + COMMIT_ID] = unique;
    words[start] = InHeader.size + payload.length;
    words[start + InHeader.opcode / 4] = opcode;
    words[start + InHeader.unique / 4] = unique;
  }

  /** A write that is answered, and whose answer waits for the kernel. */
  function serveWrite(unique: number): void {
    deliver(unique, Opcode.WRITE, 'x');
    notes.received(SLOT);
    slots.setResult(SLOT, 8);
    slots.commit(SLOT, noRing, 3);
  }

  /** The next server's view, which has mapped the same memory. */
  function next(): { slots: RequestSlots; notes: SlotNotes } {
    const others = RequestSlots.create(1, kept);
    return { slots: others, notes: new SlotNotes(others) };
  }

  const payloadOf = (length: number): string =>
    slots.payloads.bytes.toString('latin1', slots.payload(SLOT), slots.payload(SLOT) + length);

  test('is free when it never had a request, or the kernel has the answer', () => {
    assert.deepEqual([next().slots.isPending(SLOT), next().slots.isUnsent(SLOT)], [false, false]);
    serveWrite(8);
    slots.submitted();
    assert.deepEqual([next().slots.isPending(SLOT), next().slots.isUnsent(SLOT)], [false, false]);
  });

  test('has an answer to send between the answer and the submission', () => {
    serveWrite(8);
    assert.deepEqual([next().slots.isPending(SLOT), next().slots.isUnsent(SLOT)], [false, true]);
  });

  test('has a request to serve although the one before it was submitted in the same call', () => {
    serveWrite(8);
    deliver(10, Opcode.WRITE, 'y');
    slots.submitted();
    assert.deepEqual([next().slots.isPending(SLOT), next().slots.isUnsent(SLOT)], [true, false]);
  });

  test('shows a request as it came although an answer was written over it', () => {
    deliver(8, Opcode.LOOKUP, 'a-name.log');
    notes.received(SLOT);
    notes.keepPayload(SLOT, 128);
    slots.payloads.bytes.fill('?', slots.payload(SLOT), slots.payload(SLOT) + 128);
    // All of setResult() but its last words.
    slots.words[slots.header(SLOT)] = 144;
    slots.words[slots.header(SLOT) + InHeader.opcode / 4] = 0;
    slots.words[slots.header(SLOT) + PAYLOAD_SIZE] = 128;
    const { notes: found, slots: theirs } = next();
    found.takeOver(SLOT);
    assert.deepEqual([theirs.opcode(SLOT), theirs.payloadSize(SLOT)], [Opcode.LOOKUP, 10]);
    assert.equal(payloadOf(10), 'a-name.log');
    assert.ok(found.isInherited(SLOT));
    assert.equal(found.begunWrite(SLOT), undefined);
  });

  test('tells how far a write came, and not of the write before', () => {
    deliver(8, Opcode.WRITE, 'x'.repeat(50));
    notes.received(SLOT);
    notes.beginWrite(SLOT);
    assert.deepEqual(next().notes.begunWrite(SLOT), { uniqueLow: 8, uniqueHigh: 0, written: -1, captured: 0 });
    notes.setWritten(50);
    notes.beginPiece(7, 100);
    notes.endPiece(20);
    notes.beginPiece(7, 120);
    const [piece] = next().notes.openPieces();
    assert.deepEqual([piece?.slot, piece?.base], [7, 120]);
    piece?.settle(5);
    assert.deepEqual(next().notes.begunWrite(SLOT), { uniqueLow: 8, uniqueHigh: 0, written: 50, captured: 25 });
    assert.deepEqual(next().notes.openPieces(), []);
    slots.setResult(SLOT, 8);
    deliver(10, Opcode.WRITE, 'y');
    assert.equal(next().notes.begunWrite(SLOT), undefined);
    const { notes: found } = next();
    found.takeOver(SLOT);
    assert.ok(!found.isInherited(SLOT), 'nobody has begun it');
  });

  test('a piece whose chunk is gone is captured again', () => {
    deliver(8, Opcode.WRITE, 'x');
    notes.received(SLOT);
    notes.beginWrite(SLOT);
    notes.setWritten(1);
    notes.beginPiece(7, 0);
    next().notes.openPieces()[0]?.settle(undefined);
    assert.equal(next().notes.begunWrite(SLOT)?.captured, 0);
  });
});
