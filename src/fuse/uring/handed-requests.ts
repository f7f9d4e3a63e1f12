/**
 * The owner's side of requests over io_uring: serves what the queue threads have handed over.
 *
 * Guarantees: serves in the order of handing over, with the same handlers as for `/dev/fuse`; a slot goes back to the thread
 * that it came from once it is answered, which for slow work is later. A slot whose request was none for queue threads is
 * answered from here, and then kept: the kernel uses the slot that was answered last, so the next LOOKUP or OPEN comes here
 * without waking a queue thread in between. A read or write that comes in it sends it back. Only bytes that come with their
 * stream's lock go before others, where those wait for that lock. Requests that a dead server has left in their slots are served
 * like those that `/dev/fuse` delivers again (see `src/recovery/intents.ts`).
 */
import type { StreamTable } from '../../capture/stream-table.js';
import { eventfd, poll, read } from '../../libc/calls.js';
import { EFD_CLOEXEC, EFD_NONBLOCK } from '../../libc/flags.js';
import { MemoryRegion } from '../../libc/memory.js';
import { crashAt } from '../../recovery/crash-point.js';
import { RESENT } from '../../recovery/intents.js';
import { InHeader, OutHeader, WriteIn } from '../layout.js';
import { Opcode } from '../opcode.js';
import { type Handler, NO_REPLY, type Session } from '../session.js';
import { HAND_OVER, type HotRequests } from './hot-requests.js';
import type { SharedMemory } from './queue-messages.js';
import { RequestSlots, Task } from './request-slots.js';
import { Ring, RingError } from './ring.js';
import { SlotMailbox } from './slot-mailbox.js';
import { SlotNotes } from './slot-notes.js';
import { SlotReplies } from './slot-replies.js';
import { Turns } from './turns.js';

/** What queue threads serve better: on the CPU of the caller. */
const HOT_OPCODES: readonly number[] = [Opcode.WRITE, Opcode.READ];

/** Longest time that the queue threads get to end. */
const END_MILLISECONDS = 1000;

export class HandedRequests {
  private readonly slots: RequestSlots;
  private readonly notes: SlotNotes;
  private readonly inbox: SlotMailbox;
  private readonly replies: SlotReplies;
  private readonly turns: Turns;
  private readonly threads: number;
  private endedThreads = 0;
  /** Taken from the inbox, not served yet. */
  private readonly postponed: number[] = [];
  /** Where slots are kept; undefined where this thread can have none. */
  private readonly ring: Ring | undefined;
  private readonly eventFd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  private readonly eventCount = new MemoryRegion(8);
  /** How many slots are kept. */
  private keptSlots = 0;

  constructor(
    memory: SharedMemory,
    private readonly session: Session,
    private readonly streams: StreamTable,
    private readonly handlers: readonly (Handler | undefined)[],
    private readonly hot: HotRequests,
  ) {
    this.slots = RequestSlots.at(memory.slots);
    this.notes = new SlotNotes(this.slots);
    this.inbox = SlotMailbox.at(memory.toOwner);
    this.replies = new SlotReplies(memory);
    this.turns = new Turns(MemoryRegion.at(memory.turns));
    this.threads = memory.toQueues.length;
    this.ring = openRing(this.slots.count + 1, this.eventFd);
    streams.slots.whileWaiting = () => this.captureLocked();
  }

  /**
   * Takes over what a dead server has left in the slots. To be asked before the queue threads serve, which then hand it over.
   * @returns how many requests there are
   */
  takeOver(): number {
    const { slots, notes, session } = this;
    let pending = 0;
    for (let slot = 0; slot < slots.count; slot++) {
      if (!slots.isPending(slot)) continue;
      pending++;
      const begun = notes.begunWrite(slot);
      if (begun !== undefined) session.mirror.intents.inherit(begun);
      notes.takeOver(slot);
    }
    return pending;
  }

  /** Readable when there is a request in a slot that is kept here; -1 where none is ever. */
  get readyFd(): number {
    return this.ring === undefined ? -1 : this.eventFd;
  }

  /**
   * Serves what is there, within bounds: while more comes, the owner has other things to do as well.
   * @returns whether there was anything
   */
  serveAll(): boolean {
    let served = 0;
    for (let slot = this.next(); slot >= 0; slot = ++served < this.slots.count ? this.next() : -1) {
      if (slot === this.slots.count) this.endedThreads++;
      else this.finish(slot);
    }
    return this.serveKept() || served > 0;
  }

  /** Sends off the answers from here, and serves what has come into slots that are kept. */
  private serveKept(): boolean {
    const { ring } = this;
    if (ring === undefined || this.keptSlots === 0) return false;
    this.submit(ring);
    if (!ring.hasCompletion) return false;
    for (; ring.hasCompletion; ring.next()) {
      this.keptSlots--;
      // Otherwise the mount is gone, as the device will tell.
      if (ring.result >= 0) this.take(ring.userData);
    }
    this.submit(ring);
    return true;
  }

  private submit(ring: Ring): void {
    ring.enter(0);
    if (ring.isSubmitted) this.slots.submitted();
  }

  /** Serves a request that has come here without a queue thread. */
  private take(slot: number): void {
    const result = this.hot.serve(slot);
    if (result === HAND_OVER) this.finish(slot);
    else this.replies.send(slot, result);
  }

  /** Does what a queue thread has left to do. */
  private finish(slot: number): void {
    if (this.slots.task(slot) !== Task.capture) {
      this.serve(slot);
      return;
    }
    this.capture(slot);
    // As behind every request that the session serves.
    this.session.trim();
  }

  private next(): number {
    return this.postponed.shift() ?? this.inbox.take();
  }

  /** Captures what has come with a lock, which the owner may be waiting for; all else stays for its turn. */
  private captureLocked(): void {
    const { inbox, slots, postponed } = this;
    for (let slot = inbox.take(); slot >= 0; slot = inbox.take()) {
      const isLocked = slot < slots.count && slots.task(slot) === Task.capture && slots.lockedStream(slot) >= 0;
      if (isLocked) this.capture(slot);
      else postponed.push(slot);
    }
  }

  /** Whether no queue thread has been at the same requests for `patience` milliseconds. */
  queuesGetOn(now: number, patience: number): boolean {
    return this.turns.getOn(now, patience);
  }

  /** @returns false when there is something to serve */
  prepareToSleep(): boolean {
    return this.postponed.length === 0 && this.inbox.prepareToSleep();
  }
  /** @param isReady - {@link readyFd} is readable: it may have been written to for answers that have been taken since */
  awake(isReady: boolean): void {
    this.inbox.awake();
    if (isReady) read(this.eventFd, this.eventCount.address, 8);
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
    const { slots, session, notes } = this;
    const { region } = session.reply;
    // Over /dev/fuse the kernel does not wait for that.
    if (slots.opcode(slot) === Opcode.NOTIFY_REPLY) {
      this.replies.send(slot, 0);
      return;
    }
    const isHot = HOT_OPCODES.includes(slots.opcode(slot));
    const length = slots.copyRequest(slot, session.request.region);
    if (notes.isInherited(slot)) markResent(session.request.region);
    const result = session.serve(length, this.handlers, slot);
    if (result === NO_REPLY) return;
    if (result > 0) {
      notes.keepPayload(slot, result);
      region.bytes.copy(slots.payloads.bytes, slots.payload(slot), OutHeader.size, OutHeader.size + result);
    }
    if (isHot) this.replies.send(slot, result);
    else this.answer(slot, result);
  }

  /** Answers from here, and keeps the slot. */
  private answer(slot: number, result: number): void {
    const { slots, ring } = this;
    if (ring === undefined) {
      this.replies.send(slot, result);
      return;
    }
    slots.setResult(slot, result);
    crashAt?.('answered');
    slots.commit(slot, ring, this.session.deviceFd);
    this.keptSlots++;
  }

  /** A write that the mirror has, with bytes that a queue thread could not capture by itself. */
  private capture(slot: number): void {
    const { slots, streams, session } = this;
    const { intents, caller } = session.mirror;
    // Of a request that may be waiting for this one's lock, like the room and the notes.
    const { uid, gid, pid } = caller;
    caller.uid = slots.uid(slot);
    caller.gid = slots.gid(slot);
    caller.pid = slots.pid(slot);
    const captured = slots.captured(slot);
    const start = slots.payload(slot) + captured;
    const length = slots.written(slot) - captured;
    const locked = slots.lockedStream(slot);
    intents.beginAside(slots.uniqueLow(slot), slots.uniqueHigh(slot), slots.written(slot), captured);
    const aside = streams.bringRoom(length);
    if (locked >= 0) streams.appendLocked(locked, slots.payloads, start, length);
    else streams.append(slots.u64(slot, WriteIn.fh), slots.payloads, start, length);
    streams.settle(aside);
    this.replies.sendCount(slot, slots.written(slot));
    intents.endAside();
    caller.uid = uid;
    caller.gid = gid;
    caller.pid = pid;
  }
}

/** As the kernel marks what it delivers again; the slot itself keeps the number that the answer needs. */
function markResent({ words }: MemoryRegion): void {
  const high = InHeader.unique / 4 + 1;
  words[high] = (words[high] ?? 0) | RESENT;
}

/** @returns undefined where io_uring is not for this thread; the queue threads have found that out as well then */
function openRing(capacity: number, eventFd: number): Ring | undefined {
  try {
    const ring = new Ring(capacity);
    ring.notify(eventFd);
    ring.drainAtExit(capacity);
    return ring;
  } catch (error) {
    if (error instanceof RingError) return undefined;
    throw error;
  }
}
