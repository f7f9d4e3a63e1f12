/**
 * Bytes that may be captured without asking anybody, in memory that all threads of the server share.
 *
 * Guarantees: what is taken was granted before, once, whichever thread takes it; taking costs one atomic subtraction. Who finds
 * nothing left asks the owner of the streams, who grants more while the log cache has room ({@link CacheRoom}).
 */
import { MemoryRegion } from '../libc/memory.js';

const WORD = 0;
/** A cache line. */
const SIZE = 64;

export class ByteCredit {
  private readonly words: Int32Array;

  /** @param region - another thread's, or a new one */
  constructor(readonly region: MemoryRegion = new MemoryRegion(SIZE)) {
    this.words = region.integers;
  }

  /** @returns false when there is not so much left, and then nothing was taken */
  tryTake(bytes: number): boolean {
    if (Atomics.sub(this.words, WORD, bytes) >= bytes) return true;
    Atomics.add(this.words, WORD, bytes);
    return false;
  }

  /** Takes what may not be there, for bytes that can't be refused any more. */
  overdraw(bytes: number): void {
    Atomics.sub(this.words, WORD, bytes);
  }

  /** Grants bytes, or gives back what was taken in vain. */
  give(bytes: number): void {
    if (bytes > 0) Atomics.add(this.words, WORD, bytes);
  }

  /** Takes all that is left; negative when it was overdrawn. */
  reclaim(): number {
    return Atomics.exchange(this.words, WORD, 0);
  }
}
