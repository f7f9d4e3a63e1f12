/**
 * Texts of any length in memory that outlives the server.
 *
 * Guarantees: a text is found by one number, its head, until it is freed; also by the next server, which has to name all
 * heads that are still used (see {@link TextPool.restore}). Texts are latin1, one character a byte. One thread at a time.
 *
 * Layout: cells of 64 bytes: the number of the cell that goes on (0 for none), then 60 bytes; in a text's first cell the
 * first four of them hold its length. Cell 0 holds the number of the first cell that was never used.
 */
import { MemoryRegion } from '../libc/memory.js';

const CELL = 64;
const WORDS = CELL / 4;
const ROOM = CELL - 4;
const LENGTH_ROOM = 4;
const MAX_CELLS = 1 << 22;

/** Bytes of a pool. */
export const TEXT_POOL_SIZE: number = MAX_CELLS * CELL;

export class TextPool {
  private readonly words: Uint32Array;
  private readonly bytes: Buffer;
  private readonly cells: number;
  private free: number[] = [];

  /** @param region - the last server's, or a new one */
  constructor(region: MemoryRegion = new MemoryRegion(TEXT_POOL_SIZE)) {
    this.words = region.words;
    this.bytes = region.bytes;
    this.cells = region.size / CELL;
  }

  /** @returns the head of a copy of `text`; 0, which is none, when the pool is full */
  put(text: string): number {
    const cells = text.length <= ROOM - LENGTH_ROOM ? 1 : Math.ceil((text.length + LENGTH_ROOM) / ROOM);
    if (this.free.length + this.cells - this.first < cells) return 0;
    const head = this.take();
    this.words[head * WORDS + 1] = text.length;
    let cell = head;
    let room = ROOM - LENGTH_ROOM;
    for (let done = 0; ; room = ROOM) {
      done += this.bytes.write(text.slice(done, done + room), (cell + 1) * CELL - room, 'latin1');
      if (done >= text.length) return head;
      const next = this.take();
      this.words[cell * WORDS] = next;
      cell = next;
    }
  }

  get(head: number): string {
    let left = this.word(head * WORDS + 1);
    let text = '';
    let room = ROOM - LENGTH_ROOM;
    for (let cell = head; left > 0 && cell !== 0; cell = this.word(cell * WORDS)) {
      const start = (cell + 1) * CELL - room;
      const length = Math.min(left, room);
      text += this.bytes.toString('latin1', start, start + length);
      left -= length;
      room = ROOM;
    }
    return text;
  }

  /** Lets a text go; 0 is none. */
  drop(head: number): void {
    for (let cell = head; cell !== 0; cell = this.word(cell * WORDS)) this.free.push(cell);
  }

  /** Takes the pool over from the last server. @param heads - every text that is still used; 0 is none */
  restore(heads: Iterable<number>): void {
    const used = new Set<number>();
    for (const head of heads) for (let cell = head; cell !== 0; cell = this.word(cell * WORDS)) used.add(cell);
    this.free = [];
    for (let cell = 1; cell < this.first; cell++) if (!used.has(cell)) this.free.push(cell);
  }

  private take(): number {
    const cell = this.free.pop() ?? this.extend();
    this.words[cell * WORDS] = 0;
    return cell;
  }

  private extend(): number {
    const cell = this.first;
    this.words[0] = cell + 1;
    return cell;
  }

  /** The first cell that was never used. */
  private get first(): number {
    return Math.max(1, this.word(0));
  }

  private word(index: number): number {
    return this.words[index] ?? 0;
  }
}
