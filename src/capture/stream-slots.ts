/**
 * What a write has to know of its stream, in memory that all threads of the server share: which stream captures a file
 * handle, and each stream's live chunk.
 *
 * Guarantees: whoever holds a slot's lock may append to its live chunk, and nobody else does meanwhile. The one thread that
 * owns the streams gives out slots, begins and ends chunks and links handles; it holds the lock for each change of a chunk.
 *
 * Layout, in 32-bit words: a header (see {@link Header}); one word a handle (its slot + 1, 0 for none); then the slots, a
 * cache line each (see {@link Field}).
 */
import { MemoryRegion } from '../libc/memory.js';
import { WordLock } from '../libc/word-lock.js';

/** Words of the header. */
const Header = {
  /** Counts the times that files were deleted from `logs/`. */
  deletions: 0,
  /** Whether deletions are counted; if not, every write has to look for itself. */
  isWatched: 1,
  /** Counts the batches of requests that threads have begun. */
  batches: 2,
  length: 16,
} as const;

/** Words of a slot. */
const Field = {
  lock: 0,
  /** Descriptor + 1 of the live chunk, 0 for none. */
  chunk: 1,
  /** Bytes in the live chunk. */
  size: 2,
  /** So many of them were written while the chunk was certainly still in its folder. */
  sizeSeen: 3,
  /** {@link Header.deletions} when that was last found out. */
  deletions: 4,
  /** {@link Header.batches} at the last write. */
  batch: 5,
  /** Whether anything was appended since the last housekeeping round. */
  active: 6,
  length: 16,
} as const;

/** Most file handles of one mount; memory is used only for as many as there were at a time. */
export const MAX_HANDLES: number = 1 << 20;

/** More than there can be handles: a stream outlives its last handle until the next housekeeping round. */
const MAX_SLOTS = 2 * MAX_HANDLES;
const SLOTS_START = Header.length + MAX_HANDLES;
const TOTAL_WORDS = SLOTS_START + MAX_SLOTS * Field.length;

export class StreamSlots {
  private readonly words: Int32Array;
  private readonly locks: WordLock;
  private readonly free: number[] = [];
  private used = 0;

  /** @param region - another thread's, or a new one */
  constructor(readonly region: MemoryRegion = new MemoryRegion(TOTAL_WORDS * 4)) {
    this.words = region.integers;
    this.locks = new WordLock(region);
  }

  /** @returns a slot without a chunk. @throws RangeError when there is none left, which takes more files than can be open */
  take(): number {
    const slot = this.free.pop() ?? this.used;
    if (slot >= MAX_SLOTS) throw new RangeError('too many streams');
    if (slot === this.used) this.used++;
    // Not the lock: a thread that has read the handle's slot a moment ago may be about to find out that it is another's now.
    this.words.fill(0, base(slot) + 1, base(slot) + Field.length);
    return slot;
  }

  /** Gives a slot back that no handle and no chunk uses. */
  give(slot: number): void {
    this.free.push(slot);
  }

  /** The slot that captures the handle's writes, or -1. */
  ofHandle(handle: number): number {
    return handle < MAX_HANDLES ? this.get(Header.length + handle) - 1 : -1;
  }

  /** @param slot - -1 for a handle that is not captured */
  link(handle: number, slot: number): void {
    if (handle < MAX_HANDLES) this.words[Header.length + handle] = slot + 1;
  }

  lock(slot: number): void {
    this.locks.acquire(base(slot));
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
  /** How many bytes of the live chunk nobody can have missed who looked before he deleted it. */
  sizeSeen(slot: number): number {
    return this.get(base(slot) + Field.sizeSeen) >>> 0;
  }

  /** A chunk was created: it is empty, and in its folder. */
  beginChunk(slot: number, fd: number): void {
    const start = base(slot);
    this.words[start + Field.chunk] = fd + 1;
    this.words[start + Field.size] = 0;
    this.words[start + Field.sizeSeen] = 0;
    this.words[start + Field.deletions] = this.deletions;
  }
  endChunk(slot: number): void {
    this.words[base(slot) + Field.chunk] = 0;
  }

  /** `length` bytes were appended to the live chunk. */
  grow(slot: number, length: number): void {
    const start = base(slot);
    this.words[start + Field.size] = this.get(start + Field.size) + length;
    this.words[start + Field.active] = 1;
    this.words[start + Field.batch] = Atomics.load(this.words, Header.batches);
  }

  /** Whether anything was appended since this was last asked. */
  takeActive(slot: number): boolean {
    const index = base(slot) + Field.active;
    const active = this.get(index) !== 0;
    this.words[index] = 0;
    return active;
  }

  /** Times that files were deleted from `logs/`, as far as anybody has noticed. */
  get deletions(): number {
    return Atomics.load(this.words, Header.deletions);
  }
  countDeletion(): void {
    Atomics.add(this.words, Header.deletions, 1);
  }
  get isWatched(): boolean {
    return Atomics.load(this.words, Header.isWatched) !== 0;
  }
  set isWatched(value: boolean) {
    Atomics.store(this.words, Header.isWatched, value ? 1 : 0);
  }

  /** A thread is about to serve requests, having taken note of every deletion until now. @returns the batch's number */
  beginBatch(): number {
    return (Atomics.add(this.words, Header.batches, 1) + 1) | 0;
  }

  /** Whether a deletion has come since somebody saw the live chunk in its folder. */
  isInDoubt(slot: number): boolean {
    return this.get(base(slot) + Field.deletions) !== this.deletions;
  }

  /** The live chunk was seen in its folder, after the deletions that `deletions` counts. */
  confirm(slot: number, deletions: number): void {
    const start = base(slot);
    this.words[start + Field.deletions] = deletions;
    this.words[start + Field.sizeSeen] = this.get(start + Field.size);
  }

  /**
   * The live chunk was in its folder when `batch` began, as no deletion had been noticed by then. That says nothing of what
   * was written since.
   */
  confirmUpTo(slot: number, batch: number): void {
    const start = base(slot);
    if (((batch - this.get(start + Field.batch)) | 0) <= 0) return;
    this.words[start + Field.sizeSeen] = this.get(start + Field.size);
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}

/** Index of a slot's first word. */
function base(slot: number): number {
  return SLOTS_START + slot * Field.length;
}
