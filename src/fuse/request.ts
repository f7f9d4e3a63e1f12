/**
 * The request that is being served, read in place.
 *
 * Guarantees: getters read the request buffer and allocate nothing, 64-bit values above 2^53 excepted. Fields beyond the
 * message's end are 0 and names there an error: never what an earlier request left in the buffer.
 */
import type { MemoryRegion } from '../libc/memory.js';
import type { EntryName } from '../mirror/entry-name.js';
import { InHeader } from './layout.js';

const TWO_32 = 2 ** 32;

export class Request {
  private readonly words: Uint32Array;
  /** Bytes of the whole message. */
  length = 0;

  /** @param region - where the kernel puts requests */
  constructor(readonly region: MemoryRegion) {
    this.words = region.words;
  }

  private word(offset: number): number {
    return offset + 4 <= this.length ? (this.words[offset >> 2] ?? 0) : 0;
  }

  get opcode(): number {
    return this.word(InHeader.opcode);
  }
  get uniqueLow(): number {
    return this.word(InHeader.unique);
  }
  get uniqueHigh(): number {
    return this.word(InHeader.unique + 4);
  }
  get nodeId(): number {
    return this.word(InHeader.nodeid) + this.word(InHeader.nodeid + 4) * TWO_32;
  }
  get uid(): number {
    return this.word(InHeader.uid);
  }
  get gid(): number {
    return this.word(InHeader.gid);
  }
  get pid(): number {
    return this.word(InHeader.pid);
  }

  /** Length that the header states; the message is malformed unless it is the length that was read. */
  get statedLength(): number {
    return this.word(InHeader.len);
  }

  /** Whether the arguments are at least `size` bytes long. */
  hasArguments(size: number): boolean {
    return this.length >= InHeader.size + size;
  }

  u32(offset: number): number {
    return this.word(InHeader.size + offset);
  }

  /** An unsigned 64-bit argument; exact up to 2^53. */
  u64(offset: number): number {
    return this.u32(offset) + this.u32(offset + 4) * TWO_32;
  }

  /** A 64-bit argument in full. */
  bigint64(offset: number): bigint {
    return (BigInt(this.u32(offset + 4) | 0) << 32n) | BigInt(this.u32(offset));
  }

  /** Offset in `region` of the argument at `offset`. */
  position(offset: number): number {
    return InHeader.size + offset;
  }

  /** Points `name` at the NUL-terminated argument at `offset`. @returns 0 or -EINVAL */
  locateName(name: EntryName, offset: number): number {
    return name.locate(this.region, InHeader.size + offset, this.length);
  }
}
