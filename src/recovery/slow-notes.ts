/**
 * Requests that slow calls answer (fsync, fallocate, copies, synchronous writes), noted in the memory that outlives the server:
 * they may be under way, several at a time, when it dies.
 *
 * Guarantees: never a request's number with another's notes. Keeps the newest; does not know which are answered by now.
 *
 * Layout, in words: which record comes next, three unused; then records of `unique` (low, high), bytes written + 1, one unused.
 */

const RECORDS = 1024;
const RECORD_WORDS = 4;
const HEAD_WORDS = 4;

/** Words that the notes take. */
export const SLOW_NOTES_WORDS: number = HEAD_WORDS + RECORDS * RECORD_WORDS;

export class SlowNotes {
  /** @param words - the last server's, or zeros: as many as {@link SLOW_NOTES_WORDS} */
  constructor(private readonly words: Uint32Array) {}

  /**
   * A slow call is about to answer a request.
   * @param written - by a synchronous write, bytes; undefined for all else
   */
  add(uniqueLow: number, uniqueHigh: number, written: number | undefined): void {
    const { words } = this;
    const next = this.get(0) % RECORDS;
    const record = HEAD_WORDS + next * RECORD_WORDS;
    words[record] = 0;
    words[record + 1] = 0;
    words[record + 2] = (written ?? -1) + 1;
    words[record + 1] = uniqueHigh;
    words[record] = uniqueLow;
    words[0] = next + 1;
  }

  /** Bytes that a request has written, mirror and chunk; -1 when there is no such note. */
  writtenBy(uniqueLow: number, uniqueHigh: number): number {
    for (let record = HEAD_WORDS; record < SLOW_NOTES_WORDS; record += RECORD_WORDS) {
      if (this.words[record] === uniqueLow && this.words[record + 1] === uniqueHigh) return this.get(record + 2) - 1;
    }
    return -1;
  }

  /** Their numbers, low and high word; zeros where there is none. */
  *numbers(): Generator<readonly [low: number, high: number]> {
    for (let record = HEAD_WORDS; record < SLOW_NOTES_WORDS; record += RECORD_WORDS) {
      yield [this.get(record), this.get(record + 1)];
    }
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}
