/**
 * Where requests over io_uring lie: slots in memory that all threads of the server share.
 *
 * Guarantees: a slot holds at most one request at a time, and who has it is always one thread: the queue thread that it was
 * registered by, or the owner of the mirror (or the main thread, for slow work) that it was handed to, until it is handed
 * back. Handing over makes all that was written to the slot visible to the next.
 *
 * A slot's header page is `struct fuse_uring_req_header` (in_out, op_in: 128 bytes each; then u64 flags, u64 commit_id, u32
 * payload_sz) of include/uapi/linux/fuse.h, and behind it words of our own ({@link Own}). The payload is as long as the
 * largest request. In a request the first argument is in op_in and the rest in the payload; replies have all in the payload.
 */
import { type MemoryPlace, MemoryRegion } from '../../libc/memory.js';
import { InHeader, OutHeader } from '../layout.js';
import { MAX_WRITE } from '../negotiation.js';
import type { Ring } from './ring.js';

const HEADER_SIZE = 512;
const HEADER_WORDS = HEADER_SIZE / 4;

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

export interface RequestSlotsPlace {
  /** CPUs that the kernel may use. */
  readonly queues: number;
  readonly headers: MemoryPlace;
  readonly payloads: MemoryPlace;
}

export class RequestSlots {
  readonly count: number;
  readonly perQueue: number;
  /** In words; {@link header} tells where a slot's begins. */
  readonly words: Uint32Array;
  readonly payloads: MemoryRegion;
  private readonly headers: MemoryRegion;

  private constructor(queues: number, headers: MemoryRegion, payloads: MemoryRegion) {
    this.headers = headers;
    this.payloads = payloads;
    this.words = headers.words;
    this.count = headers.size / HEADER_SIZE;
    this.perQueue = this.count / queues;
  }

  /** @param queues - CPUs that the kernel may use */
  static create(queues: number): RequestSlots {
    const count = queues * Math.max(2, Math.min(MAX_SLOTS_PER_QUEUE, Math.floor(MAX_SLOTS / queues)));
    return new RequestSlots(queues, new MemoryRegion(count * HEADER_SIZE), new MemoryRegion(count * MAX_WRITE));
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
  }

  /** Answers with {@link setResult}'s reply, and takes the CPU's next request on the same ring. */
  commit(slot: number, ring: Pick<Ring, 'commitAndFetch'>, deviceFd: number): void {
    const low = this.word(slot, Word.commitId);
    const high = this.word(slot, Word.commitId + 1);
    ring.commitAndFetch(deviceFd, this.queueOf(slot), low, high, slot);
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
