/**
 * Memory outside the JavaScript heap, with an address that system calls can be given.
 *
 * Guarantees: a region never moves and lives as long as the process; `bytes` and `words` show the same memory. Does not
 * free: regions are made once, at start, and reused for every request.
 */
import koffi from 'koffi';
import { mmap } from './calls.js';

const PROT_READ_WRITE = 0x3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** A fixed stretch of memory, page-aligned. */
export class MemoryRegion {
  /** Address of the first byte; user-space addresses are below 2^47 and fit a number exactly. */
  readonly address: number;
  readonly size: number;
  readonly bytes: Buffer;
  /** The same memory in 32-bit words of the host's byte order, which is the order that FUSE speaks. */
  readonly words: Uint32Array;

  /** @param size - bytes, a multiple of 8 */
  constructor(size: number) {
    this.address = mmap(0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (this.address <= 0) throw new Error(`mmap of ${size} bytes failed`);
    this.size = size;
    const view: ArrayBuffer = koffi.view(this.address, size);
    this.bytes = Buffer.from(view);
    this.words = new Uint32Array(view);
  }

  /** Writes `text` (one byte a character) and a NUL at `offset`, and returns its address. */
  putString(offset: number, text: string): number {
    const length = this.bytes.write(text, offset, 'latin1');
    this.bytes[offset + length] = 0;
    return this.address + offset;
  }
}

/** A NUL-terminated empty string, for the `*at` calls that take the file descriptor itself. */
export const emptyString: number = new MemoryRegion(8).address;
