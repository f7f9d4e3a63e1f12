/**
 * Counting the lines of what is captured, while the bytes are in the CPU's cache anyway.
 *
 * Guarantees: a bounded part of a thread's time, whatever is written: exact for the first 16 MiB that the thread captures in a
 * second (some 4 ms of it); what is more is estimated by its caller. Allocates nothing.
 *
 * How: four bytes at a time. A byte of `word XOR 0x0a0a0a0a` is zero where there was a newline; adding 0x7f to the low seven
 * bits of each byte carries into its highest bit unless it was zero (Hacker's Delight, 2nd edition, section 6-1).
 */
const NEWLINE = 0x0a;
const NEWLINES = 0x0a0a0a0a;
const LOW_BITS = 0x7f7f7f7f;

/** Bytes that are counted before the clock is asked whether a second has passed. */
export const COUNTED_BYTES: number = 16 * 1024 * 1024;
const SECOND_MS = 1000;

export class LineTally {
  private left = 0;
  private granted = Number.NEGATIVE_INFINITY;

  /** @param now - milliseconds; asked once for {@link COUNTED_BYTES}, and for what is above */
  constructor(private readonly now: () => number = Date.now) {}

  /**
   * How many newlines are in `length` bytes from `start` on.
   *
   * @param bytes - memory that `words` shows in 32-bit words
   * @returns -1 when this second has had its share
   */
  count(bytes: Uint8Array, words: Uint32Array, start: number, length: number): number {
    if (this.left < length && !this.grant(length)) return -1;
    this.left -= length;
    return countNewlinesFast(bytes, words, start, length);
  }

  private grant(length: number): boolean {
    const now = this.now();
    if (now - this.granted < SECOND_MS) return false;
    this.granted = now;
    this.left = COUNTED_BYTES;
    return length <= COUNTED_BYTES;
  }
}

/** As {@link LineTally.count}, without a bound. */
export function countNewlinesFast(bytes: Uint8Array, words: Uint32Array, start: number, length: number): number {
  const end = start + length;
  let count = 0;
  let at = start;
  for (; at < end && (at & 3) !== 0; at++) if (bytes[at] === NEWLINE) count++;
  const endOfWords = end >> 2;
  let word = at >> 2;
  for (; word < endOfWords; word++) {
    const mixed = (words[word] ?? 0) ^ NEWLINES;
    const others = ((mixed & LOW_BITS) + LOW_BITS) | mixed | LOW_BITS;
    if (others !== -1) count += Math.imul((~others >>> 7) & 0x01010101, 0x01010101) >>> 24;
  }
  for (at = Math.max(at, word << 2); at < end; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}
