/**
 * Locks between threads: one 32-bit word each, in memory that they share.
 *
 * Guarantees: mutual exclusion, and that who gets a lock sees all that its last holder wrote. A thread that has to wait
 * spins for a moment, as most holders are gone within microseconds, then sleeps in the kernel. Any thread may release a
 * lock, so that work can be handed over together with its lock: a thread that takes such work must wait for locks by
 * {@link WordLock.acquireLooking} only, or it waits for itself. Not fair, not recursive.
 *
 * The algorithm is the second mutex of Ulrich Drepper, "Futexes Are Tricky": 0 is free, 1 held, 2 held with sleepers.
 */
import { futex, poll } from './calls.js';
import type { MemoryRegion } from './memory.js';

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** FUTEX_WAIT and FUTEX_WAKE with FUTEX_PRIVATE_FLAG: all threads are of one process. */
const WAIT = 128;
const WAKE = 129;

const SPINS = 200;

/** How long a thread sleeps between two looks. */
const LOOK_MILLISECONDS = 1;

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
    if (this.spin(index)) return;
    while (Atomics.exchange(this.words, index, CONTENDED) !== FREE) {
      futex(this.region.address + 4 * index, WAIT, CONTENDED);
    }
  }

  /** The same for a thread that may have been handed the lock with work: `look` is to find that work, and release the lock. */
  acquireLooking(index: number, look: () => void): void {
    while (!this.spin(index)) {
      look();
      if (this.tryAcquire(index)) return;
      // A futex does not tell that the lock is on its way here.
      poll(0, 0, LOOK_MILLISECONDS);
    }
  }

  private spin(index: number): boolean {
    for (let spin = 0; spin < SPINS; spin++) if (this.tryAcquire(index)) return true;
    return false;
  }

  release(index: number): void {
    if (Atomics.exchange(this.words, index, FREE) === CONTENDED) futex(this.region.address + 4 * index, WAKE, 1);
  }
}
