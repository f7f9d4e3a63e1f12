/**
 * What a write has to know of its stream, in memory that all threads of the server share: which stream captures a file
 * handle, and each stream's live chunk.
 *
 * Guarantees: whoever holds a slot's lock may append to its live chunk, and nobody else does meanwhile. The one thread that
 * owns the streams gives out slots, begins and ends chunks and links handles; it holds the lock for each change of a chunk.
 *
 * Layout, in 32-bit words: one word a handle (its slot + 1, 0 for none); then the slots, a cache line each (see {@link Field}).
 */
import { MemoryRegion } from '../libc/memory.js';
import { WordLock } from '../libc/word-lock.js';
import type { TextPool } from '../recovery/text-pool.js';
import type { Ticks } from './chunk-name.js';
import { LineTally } from './line-tally.js';

/** Words of a slot; 64-bit values are two, low first. */
const Field = {
  lock: 0,
  /** Descriptor + 1 of the live chunk, 0 for none. */
  chunk: 1,
  /** Bytes in the live chunk. */
  size: 2,
  /** Whether anything was appended since the last housekeeping round. */
  active: 3,
  /** Time in the name of the newest chunk. */
  ticks: 4,
  /** Where the stream's path lies in the pool of texts; 0 for a slot that is not taken. */
  path: 6,
  /** Bytes captured since the slot was taken, and lines (newlines): doubles, which hold them exactly up to 2^53. */
  captured: 8,
  lines: 10,
  /** Lines among them that are estimated: a double. */
  estimated: 12,
  length: 16,
} as const;

/** Most file handles of one mount; memory is used only for as many as there were at a time. */
export const MAX_HANDLES: number = 1 << 20;

/** More than there can be handles: a stream outlives its last handle until the next housekeeping round. */
export const MAX_STREAM_SLOTS: number = 2 * MAX_HANDLES;
const SLOTS_START = MAX_HANDLES;
const TOTAL_WORDS = SLOTS_START + MAX_STREAM_SLOTS * Field.length;
/** How many slots there ever were at a time. Lies in the last one, which nobody comes to. */
const USED = TOTAL_WORDS - 1;

/** Bytes of all of it. */
export const STREAM_SLOTS_SIZE: number = TOTAL_WORDS * 4;

/** What a stream has captured since its slot was taken. */
export interface CaptureCounts {
  readonly bytes: number;
  readonly lines: number;
  /** Lines among them that were not counted. */
  readonly estimatedLines: number;
}

export class StreamSlots {
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly tally: LineTally;
  private readonly locks: WordLock;
  /**
   * For the owner of the streams: what to do while it waits for a lock, which may have been handed to it with bytes to
   * capture. Other threads have none.
   */
  whileWaiting: (() => void) | undefined;
  private readonly free: number[] = [];

  /**
   * @param region - another thread's, the last server's, or a new one
   * @param texts - where paths are kept for the next server
   * @param now - replaced in tests
   */
  constructor(
    readonly region: MemoryRegion = new MemoryRegion(STREAM_SLOTS_SIZE),
    private readonly texts: TextPool | undefined = undefined,
    now: () => number = Date.now,
  ) {
    this.tally = new LineTally(now);
    this.words = region.integers;
    this.doubles = region.doubles;
    this.locks = new WordLock(region);
  }

  /**
   * @param path - the stream's, in latin1
   * @returns a slot without a chunk
   * @throws RangeError when there is none left, which takes more files than can be open
   */
  take(path: string): number {
    const slot = this.free.pop() ?? this.used;
    if (slot >= MAX_STREAM_SLOTS - 1) throw new RangeError('too many streams');
    if (slot === this.used) this.words[USED] = slot + 1;
    // Not the lock: a thread that has read the handle's slot a moment ago may be about to find out that it is another's now.
    this.words.fill(0, base(slot) + 1, base(slot) + Field.length);
    if (this.texts !== undefined) this.words[base(slot) + Field.path] = this.texts.put(path);
    return slot;
  }

  /** Gives a slot back that no handle and no chunk uses. */
  give(slot: number): void {
    const path = this.get(base(slot) + Field.path);
    this.words[base(slot) + Field.path] = 0;
    this.texts?.drop(path);
    this.free.push(slot);
  }

  /** The last server's streams: frees their locks, forgets their chunks. To be asked once, before any slot is taken. */
  restore(): { readonly slot: number; readonly path: string }[] {
    const found: { slot: number; path: string }[] = [];
    for (let slot = 0; slot < this.used; slot++) {
      this.words.fill(0, base(slot), base(slot) + Field.ticks);
      const path = this.path(slot);
      if (path === undefined) this.free.push(slot);
      else found.push({ slot, path });
    }
    return found;
  }

  /** The stream's path; undefined for a slot that is not taken. */
  path(slot: number): string | undefined {
    const text = this.get(base(slot) + Field.path);
    return text === 0 ? undefined : this.texts?.get(text);
  }

  /** Heads of all texts that are used. */
  *textHeads(): Generator<number> {
    for (let slot = 0; slot < this.used; slot++) yield this.get(base(slot) + Field.path);
  }

  private get used(): number {
    return this.get(USED);
  }

  /** The slot that captures the handle's writes, or -1. */
  ofHandle(handle: number): number {
    return handle < MAX_HANDLES ? this.get(handle) - 1 : -1;
  }

  /** @param slot - -1 for a handle that is not captured */
  link(handle: number, slot: number): void {
    if (handle < MAX_HANDLES) this.words[handle] = slot + 1;
  }

  lock(slot: number): void {
    if (this.whileWaiting === undefined) this.locks.acquire(base(slot));
    else this.locks.acquireLooking(base(slot), this.whileWaiting);
  }
  tryLock(slot: number): boolean {
    return this.locks.tryAcquire(base(slot));
  }
  unlock(slot: number): void {
    this.locks.release(base(slot));
  }

  /** Descriptor of the live chunk, -1 for none. */
  chunkFd(slot: number): number {
    return this.get(base(slot) + Field.chunk) - 1;
  }
  size(slot: number): number {
    return this.get(base(slot) + Field.size) >>> 0;
  }
  /** A chunk was created: it is empty. */
  beginChunk(slot: number, fd: number, ticks: Ticks): void {
    const start = base(slot);
    this.words[start + Field.ticks] = Number(BigInt.asIntN(32, ticks));
    this.words[start + Field.ticks + 1] = Number(ticks >> 32n);
    this.words[start + Field.chunk] = fd + 1;
    this.words[start + Field.size] = 0;
  }
  /** Time in the name of the newest chunk. */
  ticks(slot: number): Ticks {
    const start = base(slot) + Field.ticks;
    return (BigInt(this.get(start + 1)) << 32n) | BigInt(this.get(start) >>> 0);
  }
  endChunk(slot: number): void {
    this.words[base(slot) + Field.chunk] = 0;
  }

  /** `length` bytes were appended to the live chunk. */
  grow(slot: number, length: number): void {
    const start = base(slot);
    this.words[start + Field.size] = this.get(start + Field.size) + length;
    this.words[start + Field.active] = 1;
    const captured = (start + Field.captured) / 2;
    this.doubles[captured] = (this.doubles[captured] ?? 0) + length;
  }

  /**
   * Counts the lines of what {@link grow} was told of. Beyond what a thread may count in a second they are estimated, by the
   * length of the stream's lines so far.
   */
  countLines(slot: number, region: MemoryRegion, start: number, length: number): void {
    const { doubles } = this;
    const lines = (base(slot) + Field.lines) / 2;
    const before = doubles[lines] ?? 0;
    const counted = this.tally.count(region.bytes, region.words, start, length);
    if (counted >= 0) {
      doubles[lines] = before + counted;
      return;
    }
    const captured = doubles[lines - 1] ?? 0;
    const estimate = captured > length ? (before / (captured - length)) * length : 0;
    doubles[lines] = before + estimate;
    doubles[lines + 1] = (doubles[lines + 1] ?? 0) + estimate;
  }

  /** What the slot's stream has captured. Any thread may ask, without the lock: each number is right for itself. */
  countsOf(slot: number): CaptureCounts {
    const first = (base(slot) + Field.captured) / 2;
    const [bytes = 0, lines = 0, estimatedLines = 0] = this.doubles.subarray(first, first + 3);
    return { bytes, lines: Math.round(lines), estimatedLines: Math.round(estimatedLines) };
  }

  /** Whether anything was appended since this was last asked. */
  takeActive(slot: number): boolean {
    return Atomics.exchange(this.words, base(slot) + Field.active, 0) !== 0;
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}

/** Index of a slot's first word. */
function base(slot: number): number {
  return SLOTS_START + slot * Field.length;
}
