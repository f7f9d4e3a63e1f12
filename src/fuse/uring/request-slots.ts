/**
 * Where requests over io_uring lie: slots in memory that all threads of the server share.
 *
 * Guarantees: a slot holds at most one request at a time, and who has it is always one thread: the queue thread that it was
 * registered by, or the owner of the mirror (or the main thread, for slow work) that it was handed to, until it is handed
 * back. Handing over makes all that was written to the slot visible to the next. Where another server may follow the slots lie in
 * the state that it finds, and always at the same address, because the kernel remembers it: of each slot it can tell whether a
 * request in it was answered, and whether the kernel has the answer.
 *
 * A slot's header page is `struct fuse_uring_req_header` (in_out, op_in: 128 bytes each; then u64 flags, u64 commit_id, u32
 * payload_sz) of include/uapi/linux/fuse.h, and behind it words of our own ({@link Own}). The payload is as long as the
 * largest request. In a request the first argument is in op_in and the rest in the payload; replies have all in the payload.
 */
import { type MemoryPlace, MemoryRegion } from '../../libc/memory.js';
import { InHeader, OutHeader } from '../layout.js';
import { MAX_WRITE } from '../negotiation.js';
import type { Ring } from './ring.js';

const HEADER_SIZE = 1024;
/** 32-bit words of a slot's header page. */
export const HEADER_WORDS: number = HEADER_SIZE / 4;

/** Bytes of the kernel's part of the header. */
const FUSE_HEADER_SIZE = 288;

/** Word indices into a header. */
const Word = {
  argument: 32,
  commitId: 66,
  payloadSize: 68,
  /** Two `struct iovec`, for registering the slot. */
  iovecs: 72,
  own: 80,
} as const;
/** Word of a slot's header that holds the bytes of payload. */
export const PAYLOAD_SIZE_WORD: number = Word.payloadSize;

/** Words of ours, counted from {@link Word.own}. */
const Own = {
  /** A {@link Task}. */
  task: 0,
  /** Of a write: bytes that the mirror took. */
  written: 1,
  /** Of these: bytes that are captured already. */
  captured: 2,
  /** The stream slot whose lock comes along, -1 for none. */
  lockedStream: 3,
  /** `unique` of the last request whose answer is complete, and of the last whose answer the kernel has. */
  answered: 4,
  sent: 6,
  /** Bytes of the payload that every server maps before it uses the slot; 0 where none will follow. */
  populated: 8,
} as const;

/** What the owner is to do with a request that is handed to it. */
export const Task = {
  /** All of it. */
  serve: 0,
  /** The mirror has it; what is left is to capture {@link Own.written} bytes from {@link Own.captured} on. */
  capture: 1,
} as const;

/** So many requests of one CPU can wait for a disk before its others do; fewer where there are very many CPUs. */
const MAX_SLOTS_PER_QUEUE = 32;
const MAX_SLOTS = 1024;
/** There are two for a CPU at least: room for 1,024 CPUs, which is used only where they are. */
const MAX_KEPT_SLOTS = 2048;

/** Bytes of a payload that are mapped from the beginning: more than most log lines, or any name, and not much for all slots. */
const POPULATED = 16_384;
/** Of a CPU that larger requests come from so many at most: 4 MB for all its slots. */
const MAX_POPULATED = 131_072;

export interface RequestSlotsPlace {
  /** CPUs that the kernel may use. */
  readonly queues: number;
  readonly headers: MemoryPlace;
  readonly payloads: MemoryPlace;
}

/** Bytes of the headers, and of the payloads, of the most slots that there can be. */
export const SLOT_HEADERS_SIZE: number = MAX_KEPT_SLOTS * HEADER_SIZE;
export const SLOT_PAYLOADS_SIZE: number = MAX_KEPT_SLOTS * MAX_WRITE;

export class RequestSlots {
  readonly count: number;
  readonly perQueue: number;
  /** In words; {@link header} tells where a slot's begins. */
  readonly words: Uint32Array;
  readonly payloads: MemoryRegion;
  private readonly headers: MemoryRegion;
  /** Slots whose answers this thread has prepared, and how many: the kernel gets them with the next {@link Ring.enter}. */
  private readonly prepared: Uint32Array;
  private preparedCount = 0;

  private constructor(queues: number, headers: MemoryRegion, payloads: MemoryRegion) {
    this.headers = headers;
    this.payloads = payloads;
    this.words = headers.words;
    this.count = headers.size / HEADER_SIZE;
    this.perQueue = this.count / queues;
    this.prepared = new Uint32Array(this.count);
  }

  /**
   * @param queues - CPUs that the kernel may use
   * @param kept - memory for headers and payloads that the next server finds; undefined where none will follow
   * @throws RangeError on a host with more CPUs than there can be slots
   */
  static create(queues: number, kept?: { headers: MemoryPlace; payloads: MemoryPlace }): RequestSlots {
    const count = queues * Math.max(2, Math.min(MAX_SLOTS_PER_QUEUE, Math.floor(MAX_SLOTS / queues)));
    if (kept !== undefined && count > MAX_KEPT_SLOTS) throw new RangeError(`${queues} CPUs are too many`);
    const headers = new MemoryRegion(count * HEADER_SIZE, kept?.headers.address);
    return new RequestSlots(queues, headers, new MemoryRegion(count * MAX_WRITE, kept?.payloads.address));
  }

  /**
   * Maps what most requests need of the slots. A thread that is being killed can't wait for memory: the kernel would fail a
   * request (EINTR) for which it has to find some.
   */
  populate(): void {
    this.headers.populate(0, this.headers.size);
    for (let slot = 0; slot < this.count; slot++) this.populatePayload(slot, Math.max(POPULATED, this.populated(slot)));
  }

  /** Maps as much for all other requests of this CPU as the one in the slot needs. Larger ones still are on their own. */
  populateLike(slot: number): void {
    const populated = this.populated(slot);
    if (populated === 0 || populated === MAX_POPULATED || this.payloadSize(slot) <= populated) return;
    const needed = Math.min(MAX_POPULATED, 2 ** Math.ceil(Math.log2(this.payloadSize(slot))));
    const first = this.queueOf(slot) * this.perQueue;
    for (let other = first; other < first + this.perQueue; other++) this.populatePayload(other, needed);
  }

  private populatePayload(slot: number, length: number): void {
    this.payloads.populate(this.payload(slot), length);
    this.words[this.own(slot) + Own.populated] = length;
  }

  private populated(slot: number): number {
    return this.words[this.own(slot) + Own.populated] ?? 0;
  }

  /** Another thread's. */
  static at({ queues, headers, payloads }: RequestSlotsPlace): RequestSlots {
    return new RequestSlots(queues, MemoryRegion.at(headers), MemoryRegion.at(payloads));
  }

  get place(): RequestSlotsPlace {
    return { queues: this.count / this.perQueue, headers: this.headers.place, payloads: this.payloads.place };
  }

  /** The CPU whose requests a slot takes. */
  queueOf(slot: number): number {
    return Math.floor(slot / this.perQueue);
  }

  /** Index in {@link words} of the slot's header. */
  header(slot: number): number {
    return slot * HEADER_WORDS;
  }

  /** Offset in {@link payloads} of the slot's payload, in bytes. */
  payload(slot: number): number {
    return slot * MAX_WRITE;
  }

  /** Address of the two `struct iovec` that describe the slot, which it fills. */
  describe(slot: number): number {
    const address = this.headers.address + slot * HEADER_SIZE;
    const index = this.header(slot) + Word.iovecs;
    const put = (offset: number, value: number): void => {
      this.words[index + offset] = value >>> 0;
      this.words[index + offset + 1] = Math.floor(value / 2 ** 32);
    };
    put(0, address);
    put(2, FUSE_HEADER_SIZE);
    put(4, this.payloads.address + this.payload(slot));
    put(6, MAX_WRITE);
    return address + Word.iovecs * 4;
  }

  opcode(slot: number): number {
    return this.word(slot, InHeader.opcode / 4);
  }

  uniqueLow(slot: number): number {
    return this.word(slot, InHeader.unique / 4);
  }
  uniqueHigh(slot: number): number {
    return this.word(slot, InHeader.unique / 4 + 1);
  }

  uid(slot: number): number {
    return this.word(slot, InHeader.uid / 4);
  }
  gid(slot: number): number {
    return this.word(slot, InHeader.gid / 4);
  }
  /** Thread id of the caller. */
  pid(slot: number): number {
    return this.word(slot, InHeader.pid / 4);
  }

  /** Word of the request's first argument, at a byte offset. */
  u32(slot: number, offset: number): number {
    return this.word(slot, Word.argument + (offset >> 2));
  }
  u64(slot: number, offset: number): number {
    return this.u32(slot, offset) + this.u32(slot, offset + 4) * 2 ** 32;
  }

  /** Bytes of the request behind its first argument. */
  payloadSize(slot: number): number {
    return this.word(slot, Word.payloadSize);
  }

  /** Makes the reply. @param result - bytes of payload, or a negated errno */
  setResult(slot: number, result: number): void {
    const start = this.header(slot);
    const length = result > 0 ? result : 0;
    this.words[start + OutHeader.len / 4] = OutHeader.size + length;
    this.words[start + OutHeader.error / 4] = result < 0 ? result : 0;
    this.words[start + Word.payloadSize] = length;
    const own = this.own(slot) + Own.answered;
    this.words[own + 1] = this.uniqueHigh(slot);
    this.words[own] = this.uniqueLow(slot);
  }

  /** Answers with {@link setResult}'s reply, and takes the CPU's next request on the same ring. */
  commit(slot: number, ring: Pick<Ring, 'commitAndFetch'>, deviceFd: number): void {
    const low = this.word(slot, Word.commitId);
    const high = this.word(slot, Word.commitId + 1);
    ring.commitAndFetch(deviceFd, this.queueOf(slot), low, high, slot);
    this.prepared[this.preparedCount++] = slot;
  }

  /** The kernel has all answers that this thread has prepared. */
  submitted(): void {
    for (; this.preparedCount > 0; this.preparedCount--) {
      // Of the request that was answered: the slot may hold the next one already.
      const own = this.own(this.prepared[this.preparedCount - 1] ?? 0);
      this.words[own + Own.sent + 1] = this.words[own + Own.answered + 1] ?? 0;
      this.words[own + Own.sent] = this.words[own + Own.answered] ?? 0;
    }
  }

  /** Whether a dead server has left a request in the slot without an answer. */
  isPending(slot: number): boolean {
    return this.hasRequest(slot) && !this.isMarked(slot, Own.answered);
  }

  /** Whether a dead server has left an answer that the kernel may not have. */
  isUnsent(slot: number): boolean {
    return this.hasRequest(slot) && this.isMarked(slot, Own.answered) && !this.isMarked(slot, Own.sent);
  }

  /** The kernel writes the header last: where its number is, all of the request is. */
  private hasRequest(slot: number): boolean {
    return this.uniqueLow(slot) !== 0 || this.uniqueHigh(slot) !== 0;
  }

  private isMarked(slot: number, mark: number): boolean {
    const own = this.own(slot) + mark;
    return this.words[own] === this.uniqueLow(slot) && this.words[own + 1] === this.uniqueHigh(slot);
  }

  /**
   * Puts the request into `target` as `/dev/fuse` would have: header, arguments, and what follows, without gaps.
   * @returns its length in bytes
   */
  copyRequest(slot: number, target: MemoryRegion): number {
    const start = this.header(slot) * 4;
    const { bytes } = this.headers;
    const length = this.word(slot, InHeader.len / 4);
    const payloadSize = Math.min(this.payloadSize(slot), MAX_WRITE);
    const argumentSize = Math.max(0, Math.min(length - InHeader.size - payloadSize, 128));
    bytes.copy(target.bytes, 0, start, start + InHeader.size);
    bytes.copy(target.bytes, InHeader.size, start + Word.argument * 4, start + Word.argument * 4 + argumentSize);
    const from = this.payload(slot);
    this.payloads.bytes.copy(target.bytes, InHeader.size + argumentSize, from, from + payloadSize);
    return InHeader.size + argumentSize + payloadSize;
  }

  /** Hands the whole request over. */
  leaveToServe(slot: number): void {
    this.words[this.own(slot) + Own.task] = Task.serve;
  }
  /** Hands the rest of a write over: the mirror took `written` bytes, of which `captured` are in a chunk. */
  leaveToCapture(slot: number, written: number, captured: number, lockedStream: number): void {
    const own = this.own(slot);
    this.words[own + Own.task] = Task.capture;
    this.words[own + Own.written] = written;
    this.words[own + Own.captured] = captured;
    this.words[own + Own.lockedStream] = lockedStream;
  }
  task(slot: number): number {
    return this.words[this.own(slot) + Own.task] ?? 0;
  }
  written(slot: number): number {
    return this.words[this.own(slot) + Own.written] ?? 0;
  }
  captured(slot: number): number {
    return this.words[this.own(slot) + Own.captured] ?? 0;
  }
  lockedStream(slot: number): number {
    return (this.words[this.own(slot) + Own.lockedStream] ?? 0) | 0;
  }

  private own(slot: number): number {
    return this.header(slot) + Word.own;
  }

  private word(slot: number, index: number): number {
    return this.words[slot * HEADER_WORDS + index] ?? 0;
  }
}
