/**
 * Whether the queue threads get on, for the watchdog: a thread that waits for requests does, and one that serves a request
 * as long as it comes to the next.
 *
 * Guarantees: counting is a store into a cache line that only one thread writes to. Each thread is looked at by itself: several
 * that take a while, each with another request, get on.
 */
import type { MemoryRegion } from '../../libc/memory.js';

/** Words of a thread: how often it began or ended to wait; it waits while that is odd. */
const WORDS = 16;

/** Bytes for so many threads. */
export const turnsSize = (threads: number): number => threads * WORDS * 4;

export class Turns {
  private readonly words: Int32Array;
  private readonly seen: Int32Array;
  /** By thread: since when it is at what was {@link seen}. */
  private readonly since: number[] = [];

  constructor(memory: MemoryRegion) {
    this.words = memory.integers;
    this.seen = new Int32Array(this.words.length);
  }

  /** The thread begins to wait for requests, or has got some. */
  turn(thread: number): void {
    this.words[thread * WORDS] = ((this.words[thread * WORDS] ?? 0) + 1) | 0;
  }

  /**
   * Whether no thread has been seen at the same work for `patience`. To be asked now and then.
   * @param now - milliseconds, monotonic
   * @param patience - milliseconds
   */
  getOn(now: number, patience: number): boolean {
    let allGetOn = true;
    for (let word = 0; word < this.words.length; word += WORDS) {
      const turns = Atomics.load(this.words, word);
      const waits = (turns & 1) === 1 || turns === 0;
      if (waits || turns !== this.seen[word]) this.since[word] = now;
      else if (now - (this.since[word] ?? now) >= patience) allGetOn = false;
      this.seen[word] = turns;
    }
    return allGetOn;
  }
}
