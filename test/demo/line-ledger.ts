/**
 * Which numbered lines have been seen, how often and in which order.
 *
 * Guarantees: bytes may arrive cut anywhere; a line counts when its newline has arrived. A line begins with its number
 * in eight digits; anything else is ignored.
 */

/** Digits at the beginning of each line. */
export const numberWidth = 8;

const newline = 0x0a;
const zero = 0x30;

/** Keeps count of lines numbered from 0. */
export class LineLedger {
  /** Lines seen at least once. */
  distinct = 0;
  /** Lines seen again. */
  repeated = 0;
  /** Lines that came after one with a higher number. */
  misplaced = 0;
  private seen = new Uint8Array(1 << 20);
  private highest = -1;
  private rest: Buffer = Buffer.alloc(0);

  /** Takes the next bytes. They are not kept. */
  add(bytes: Buffer): void {
    const data = this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : bytes;
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      this.count(data, start, end);
      start = end + 1;
    }
    this.rest = Buffer.from(data.subarray(start));
  }

  /** The next bytes come from another file: an unfinished line is dropped. */
  startFile(): void {
    this.rest = Buffer.alloc(0);
  }

  private count(data: Buffer, start: number, end: number): void {
    if (end - start < numberWidth) return;
    let number = 0;
    for (let at = start; at < start + numberWidth; at++) {
      const digit = (data[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) return;
      number = number * 10 + digit;
    }
    this.record(number);
  }

  private record(number: number): void {
    if (number >= this.seen.length) this.growTo(number);
    if (this.seen[number] === 1) {
      this.repeated++;
      return;
    }
    this.seen[number] = 1;
    this.distinct++;
    if (number < this.highest) this.misplaced++;
    else this.highest = number;
  }

  private growTo(number: number): void {
    const larger = new Uint8Array(Math.max(number + 1, this.seen.length * 2));
    larger.set(this.seen);
    this.seen = larger;
  }
}
