/**
 * The owner's side of requests over io_uring: serves what the queue threads have handed over.
 *
 * Guarantees: serves in the order of handing over, with the same handlers as for `/dev/fuse`; a slot goes back to the thread
 * that it came from once it is answered, which for slow work is later.
 */
import type { StreamTable } from '../../capture/stream-table.js';
import { poll } from '../../libc/calls.js';
import { OutHeader, WriteIn, WriteOut } from '../layout.js';
import { type Handler, NO_REPLY, type Session } from '../session.js';
import type { SharedMemory } from './queue-messages.js';
import { RequestSlots, Task } from './request-slots.js';
import { SlotMailbox } from './slot-mailbox.js';
import { SlotReplies } from './slot-replies.js';

/** Longest time that the queue threads get to end. */
const END_MILLISECONDS = 1000;

export class HandedRequests {
  private readonly slots: RequestSlots;
  private readonly inbox: SlotMailbox;
  private readonly replies: SlotReplies;
  private readonly threads: number;
  private endedThreads = 0;

  constructor(
    memory: SharedMemory,
    private readonly session: Session,
    private readonly streams: StreamTable,
    private readonly handlers: readonly (Handler | undefined)[],
  ) {
    this.slots = RequestSlots.at(memory.slots);
    this.inbox = SlotMailbox.at(memory.toOwner);
    this.replies = new SlotReplies(memory);
    this.threads = memory.toQueues.length;
  }

  /** Serves all that is there. @returns whether there was anything */
  serveAll(): boolean {
    let slot = this.inbox.take();
    if (slot < 0) return false;
    for (; slot >= 0; slot = this.inbox.take()) {
      if (slot === this.slots.count) this.endedThreads++;
      else if (this.slots.task(slot) === Task.capture) this.capture(slot);
      else this.serve(slot);
    }
    return true;
  }

  /** @returns false when there is something to serve */
  prepareToSleep(): boolean {
    return this.inbox.prepareToSleep();
  }
  awake(): void {
    this.inbox.awake();
  }

  /** Ends the queue threads, and serves what they have handed over: afterwards nobody writes to a chunk any more. */
  end(): void {
    this.replies.endQueues();
    const deadline = performance.now() + END_MILLISECONDS;
    while (this.endedThreads < this.threads && performance.now() < deadline) {
      if (!this.serveAll()) poll(0, 0, 1);
    }
  }

  private serve(slot: number): void {
    const { slots, session } = this;
    const { region } = session.reply;
    const result = session.serve(slots.copyRequest(slot, session.request.region), this.handlers, slot);
    if (result === NO_REPLY) return;
    if (result > 0) {
      region.bytes.copy(slots.payloads.bytes, slots.payload(slot), OutHeader.size, OutHeader.size + result);
    }
    this.replies.send(slot, result);
  }

  /** A write that the mirror has, with bytes that a queue thread could not capture by itself. */
  private capture(slot: number): void {
    const { slots, streams } = this;
    const captured = slots.captured(slot);
    const start = slots.payload(slot) + captured;
    const length = slots.written(slot) - captured;
    const locked = slots.lockedStream(slot);
    streams.bringRoom(length);
    if (locked >= 0) streams.appendLocked(locked, slots.payloads, start, length);
    else streams.append(slots.u64(slot, WriteIn.fh), slots.payloads, start, length);
    streams.settle();
    slots.payloads.words[slots.payload(slot) / 4] = slots.written(slot);
    slots.payloads.words[slots.payload(slot) / 4 + 1] = 0;
    this.replies.send(slot, WriteOut.length);
  }
}
