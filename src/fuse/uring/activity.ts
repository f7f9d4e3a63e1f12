/**
 * Whether requests are coming, as the queue threads tell the thread that keeps a CPU awake ({@link IdleSpinner}).
 *
 * Guarantees: telling costs one atomic addition, and a system call only where the spinner sleeps and it is time to wake it.
 */
/** `batches`: counts; `isAsleep`; `wakeAt`: the count at which the spinner wants to be woken; `isOver`. */
const Word = { batches: 0, isAsleep: 16, wakeAt: 17, isOver: 18, length: 32 } as const;

export class Activity {
  private readonly words: Int32Array;

  /** @param memory - another thread's, or a new one: JavaScript's own, so that a thread that sleeps there can be terminated */
  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(Word.length * 4)) {
    this.words = new Int32Array(memory);
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
      Atomics.wait(this.words, Word.isAsleep, 1);
    }
  }

  private wake(): void {
    Atomics.store(this.words, Word.isAsleep, 0);
    Atomics.notify(this.words, Word.isAsleep);
  }
}
