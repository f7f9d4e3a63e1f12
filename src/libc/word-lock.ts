/**
 * Locks between threads: one 32-bit word each, in memory that they share.
 *
 * Guarantees: mutual exclusion, and that who gets a lock sees all that its last holder wrote. A thread that has to wait
 * spins for a moment, as most holders are gone within microseconds, then sleeps in the kernel. Any thread may release a
 * lock, so that work can be handed over together with its lock. Not fair, not recursive.
 *
 * The algorithm is the second mutex of Ulrich Drepper, "Futexes Are Tricky": 0 is free, 1 held, 2 held with sleepers.
 */
import { futex } from './calls.js';
import type { MemoryRegion } from './memory.js';

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** FUTEX_WAIT and FUTEX_WAKE with FUTEX_PRIVATE_FLAG: all threads are of one process. */
const WAIT = 128;
const WAKE = 129;

const SPINS = 200;

export class WordLock {
  private readonly words: Int32Array;

  /** @param region - where the locks' words lie, zero at first */
  constructor(private readonly region: MemoryRegion) {
    this.words = region.integers;
  }

  /** @param index - of the lock's word. @returns whether the lock was free and is held now */
  tryAcquire(index: number): boolean {
    return Atomics.compareExchange(this.words, index, FREE, HELD) === FREE;
  }

  acquire(index: number): void {
    for (let spin = 0; spin < SPINS; spin++) if (this.tryAcquire(index)) return;
    while (Atomics.exchange(this.words, index, CONTENDED) !== FREE) {
      futex(this.region.address + 4 * index, WAIT, CONTENDED);
    }
  }

  release(index: number): void {
    if (Atomics.exchange(this.words, index, FREE) === CONTENDED) futex(this.region.address + 4 * index, WAKE, 1);
  }
}
