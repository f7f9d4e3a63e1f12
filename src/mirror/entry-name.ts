/**
 * A name within a directory, in place: bytes in memory that system calls can read, and text for our own tables.
 *
 * Guarantees: names are bytes. Text has one character a byte (latin1), so that no name is altered by a decoding.
 */
import { Errno } from '../libc/errno.js';
import type { MemoryRegion } from '../libc/memory.js';

/** Longest name of one path component on Linux, in bytes (limits.h). */
export const NAME_MAX = 255;

const SLASH = 0x2f;
const DOT = 0x2e;

export class EntryName {
  private region: MemoryRegion;
  private start = 0;
  /** Bytes, without the NUL. */
  length = 0;

  constructor(region: MemoryRegion) {
    this.region = region;
  }

  /** Address of the NUL-terminated name. */
  get address(): number {
    return this.region.address + this.start;
  }

  get text(): string {
    return this.region.bytes.toString('latin1', this.start, this.start + this.length);
  }

  /** Copies the name, without its NUL. */
  copyTo(target: Buffer, offset: number): void {
    const { bytes } = this.region;
    // Names are short: a loop costs less than a call into the runtime.
    for (let index = 0; index < this.length; index++) target[offset + index] = bytes[this.start + index] ?? 0;
  }

  /** Offset of the byte behind the NUL. */
  get end(): number {
    return this.start + this.length + 1;
  }

  /**
   * Points at the NUL-terminated bytes at `start`; they must end before `limit`.
   * @returns 0, or -EINVAL where there is no NUL
   */
  locate(region: MemoryRegion, start: number, limit: number): number {
    const { bytes } = region;
    let nul = start;
    while (nul < limit && bytes[nul] !== 0) nul++;
    if (nul >= limit) return -Errno.EINVAL;
    this.region = region;
    this.start = start;
    this.length = nul - start;
    return 0;
  }

  /**
   * Whether it can name an entry: one component, neither empty nor `.` nor `..`. The kernel sends no others; a request that
   * was crafted must not lead out of the mirror.
   * @returns 0 or a negated errno
   */
  check(): number {
    const { bytes } = this.region;
    if (this.length > NAME_MAX) return -Errno.ENAMETOOLONG;
    if (this.length === 0) return -Errno.EINVAL;
    if (bytes[this.start] === DOT && (this.length === 1 || (this.length === 2 && bytes[this.start + 1] === DOT))) {
      return -Errno.EINVAL;
    }
    // Not indexOf, which has no end and would search the whole buffer: a megabyte for each name without a slash.
    const end = this.start + this.length;
    for (let index = this.start; index < end; index++) if (bytes[index] === SLASH) return -Errno.EINVAL;
    return 0;
  }
}
