/**
 * Answers to requests over io_uring from threads that do not hold their slots: they go through the thread that does.
 *
 * Guarantees: may be used by any thread, each with an object of its own.
 */
import { WriteOut } from '../layout.js';
import type { SharedMemory } from './queue-messages.js';
import { RequestSlots } from './request-slots.js';
import { SlotMailbox } from './slot-mailbox.js';

export class SlotReplies {
  private readonly slots: RequestSlots;
  private readonly toQueues: readonly SlotMailbox[];

  constructor(memory: SharedMemory) {
    this.slots = RequestSlots.at(memory.slots);
    this.toQueues = memory.toQueues.map((place) => SlotMailbox.at(place));
  }

  /** Answers with what lies in the slot's payload. @param result - bytes of payload, or a negated errno */
  send(slot: number, result: number): void {
    this.slots.setResult(slot, result);
    this.toQueues[this.slots.queueOf(slot) % this.toQueues.length]?.send(slot);
  }

  /** Answers with a number of bytes, as `struct fuse_write_out` carries it. */
  sendCount(slot: number, count: number): void {
    const start = this.slots.payload(slot) / 4;
    this.slots.payloads.words[start] = count;
    this.slots.payloads.words[start + 1] = 0;
    this.send(slot, WriteOut.length);
  }

  /** Tells every queue thread to end. */
  endQueues(): void {
    for (const mailbox of this.toQueues) mailbox.send(this.slots.count);
  }
}
