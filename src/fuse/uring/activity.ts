/**
 * Whether requests are coming, as the queue threads tell the thread that keeps a CPU awake ({@link IdleSpinner}).
 *
 * Guarantees: telling costs one atomic addition, and a system call only where the spinner sleeps and it is time to wake it.
 */
import { futex } from '../../libc/calls.js';
import { MemoryRegion } from '../../libc/memory.js';

/** `batches`: counts; `isAsleep`; `wakeAt`: the count at which the spinner wants to be woken; `isOver`. */
const Word = { batches: 0, isAsleep: 16, wakeAt: 17, isOver: 18, length: 32 } as const;

/** FUTEX_WAIT and FUTEX_WAKE with FUTEX_PRIVATE_FLAG. */
const WAIT = 128;
const WAKE = 129;

export class Activity {
  private readonly words: Int32Array;

  /** @param region - another thread's, or a new one */
  constructor(readonly region: MemoryRegion = new MemoryRegion(Word.length * 4)) {
    this.words = region.integers;
  }

  /** A queue thread has got requests. */
  tell(): void {
    const count = (Atomics.add(this.words, Word.batches, 1) + 1) | 0;
    if (Atomics.load(this.words, Word.isAsleep) === 1 && ((count - (this.words[Word.wakeAt] ?? 0)) | 0) >= 0)
      this.wake();
  }

  /** The server ends. */
  end(): void {
    Atomics.store(this.words, Word.isOver, 1);
    this.wake();
  }

  get count(): number {
    return Atomics.load(this.words, Word.batches);
  }
  get isOver(): boolean {
    return Atomics.load(this.words, Word.isOver) !== 0;
  }

  /** Sleeps until so many batches have come. */
  sleepFor(batches: number): void {
    this.words[Word.wakeAt] = (this.count + batches) | 0;
    Atomics.store(this.words, Word.isAsleep, 1);
    while (Atomics.load(this.words, Word.isAsleep) === 1 && !this.isOver) {
      futex(this.region.address + 4 * Word.isAsleep, WAIT, 1);
    }
  }

  private wake(): void {
    Atomics.store(this.words, Word.isAsleep, 0);
    futex(this.region.address + 4 * Word.isAsleep, WAKE, 1);
  }
}
