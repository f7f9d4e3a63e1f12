/**
 * Memory outside the JavaScript heap, with an address that system calls can be given.
 *
 * Guarantees: a region never moves and lives as long as the process; `bytes`, `words`, `integers` and `doubles` show the same memory, in
 * every thread that has its place. Does not free: regions are made once, at start, and reused for every request.
 */
import koffi from 'koffi';
import { madvise, mmap } from './calls.js';

const PROT_READ_WRITE = 0x3;
const MADV_POPULATE_WRITE = 23;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE: tables are made for the most that could be, of which little is touched. */
const MAP_FLAGS = 0x4022;

/** Where memory lies in the process. */
export interface MemoryPlace {
  readonly address: number;
  /** Bytes. */
  readonly size: number;
}

/** A fixed stretch of memory. */
export class MemoryRegion {
  /** Address of the first byte; user-space addresses are below 2^47 and fit a number exactly. */
  readonly address: number;
  readonly size: number;
  readonly bytes: Buffer;
  /** The same memory in 32-bit words of the host's byte order, which is the order that FUSE speaks. */
  readonly words: Uint32Array;
  /** The same words, signed. */
  readonly integers: Int32Array;
  /** The same memory as 64-bit floating-point numbers: counters that are exact up to 2^53. */
  readonly doubles: Float64Array;

  /**
   * @param size - bytes, a multiple of 8
   * @param address - of memory that is there already, such as another thread's region; a new one is mapped without it,
   *   zeroed, page-aligned, and using memory only where it is touched
   */
  constructor(size: number, address: number = mapAnonymous(size)) {
    this.address = address;
    this.size = size;
    const view: ArrayBuffer = koffi.view(address, size);
    this.bytes = Buffer.from(view);
    this.words = new Uint32Array(view);
    this.integers = new Int32Array(view);
    this.doubles = new Float64Array(view);
  }

  /** What another thread needs to see the same memory. */
  get place(): MemoryPlace {
    return { address: this.address, size: this.size };
  }

  /** Another thread's region. */
  static at({ address, size }: MemoryPlace): MemoryRegion {
    return new MemoryRegion(size, address);
  }

  /**
   * Makes the kernel find and map some of the memory now instead of at its first use; it keeps its contents. Where the kernel
   * does not know how (before Linux 5.14) nothing happens.
   */
  populate(offset: number, length: number): void {
    madvise(this.address + offset, length, MADV_POPULATE_WRITE);
  }

  /** Writes `text` (one byte a character) and a NUL at `offset`, and returns its address. */
  putString(offset: number, text: string): number {
    const length = this.bytes.write(text, offset, 'latin1');
    this.bytes[offset + length] = 0;
    return this.address + offset;
  }
}

function mapAnonymous(size: number): number {
  const address = mmap(0, size, PROT_READ_WRITE, MAP_FLAGS, -1, 0);
  if (address <= 0) throw new Error(`mmap of ${size} bytes failed`);
  return address;
}

/** A NUL-terminated empty string, for the `*at` calls that take the file descriptor itself. */
export const emptyString: number = new MemoryRegion(8).address;
