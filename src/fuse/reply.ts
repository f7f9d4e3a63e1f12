/**
 * The reply that is being made, written in place.
 *
 * Guarantees: made in memory that is there already; no allocation. Fields that are not set are zero only where a method
 * says that it clears them.
 */
import { write } from '../libc/calls.js';
import { type FileStatus, StatxWord } from '../libc/file-status.js';
import type { MemoryRegion } from '../libc/memory.js';
import { Attr, AttrOut, EntryOut, OpenOut, OutHeader, StatxOut } from './layout.js';
import type { Request } from './request.js';

const TWO_32 = 2 ** 32;

/**
 * How long the kernel may trust what it was told, in seconds. Every change goes through the mount and is known to the
 * kernel at once; this bounds only how long it overlooks a change made in the mirror itself.
 */
const VALID_SECONDS = 1;

export class Reply {
  private readonly words: Uint32Array;

  /**
   * @param region - where replies are made
   * @param payload - offset of the payload in it, in bytes; a multiple of 4
   */
  constructor(
    readonly region: MemoryRegion,
    public payload: number = OutHeader.size,
  ) {
    this.words = region.words;
  }

  /** Sets a 32-bit field of the payload. */
  setU32(offset: number, value: number): void {
    this.words[(this.payload + offset) >> 2] = value;
  }

  /** Sets a 64-bit field of the payload; `value` is a whole number below 2^53. */
  setU64(offset: number, value: number): void {
    this.setWords(offset, value >>> 0, Math.floor(value / TWO_32));
  }

  setWords(offset: number, low: number, high: number): void {
    const index = (this.payload + offset) >> 2;
    this.words[index] = low;
    this.words[index + 1] = high;
  }

  clear(offset: number, length: number): void {
    const start = (this.payload + offset) >> 2;
    this.words.fill(0, start, start + (length >> 2));
  }

  /** `struct fuse_entry_out` at `offset`. @returns its length */
  putEntry(offset: number, nodeId: number, status: FileStatus): number {
    this.setU64(offset + EntryOut.nodeid, nodeId);
    this.setU64(offset + EntryOut.generation, 0);
    this.setU64(offset + EntryOut.entryValid, VALID_SECONDS);
    this.setU64(offset + EntryOut.attrValid, VALID_SECONDS);
    this.setU64(offset + EntryOut.entryValidNsec, 0);
    this.putAttributes(offset + EntryOut.attr, status);
    return EntryOut.length;
  }

  /** `struct fuse_attr_out` at the start. @returns its length */
  putAttr(status: FileStatus): number {
    this.setU64(AttrOut.attrValid, VALID_SECONDS);
    this.setU64(AttrOut.attrValidNsec, 0);
    this.putAttributes(AttrOut.attr, status);
    return AttrOut.length;
  }

  /** `struct fuse_statx_out` at the start: the kernel's own statx(2) result, behind how long it is valid. */
  putStatx(status: FileStatus): number {
    this.clear(0, StatxOut.stat);
    this.setU64(StatxOut.attrValid, VALID_SECONDS);
    const start = (this.payload + StatxOut.stat) >> 2;
    for (let i = 0; i < StatxOut.statLength / 4; i++) this.words[start + i] = status.words[i] ?? 0;
    return StatxOut.length;
  }

  /** `struct fuse_open_out` at `offset`. @returns its length */
  putOpen(offset: number, handle: number, openFlags: number, backingId: number): number {
    this.setU64(offset + OpenOut.fh, handle);
    this.setU32(offset + OpenOut.openFlags, openFlags);
    this.setU32(offset + OpenOut.backingId, backingId);
    return OpenOut.length;
  }

  private putAttributes(offset: number, status: FileStatus): void {
    const { words: from } = status;
    const to = (this.payload + offset) >> 2;
    const { words } = this;
    copyPair(words, to + Attr.ino / 4, from, StatxWord.ino);
    copyPair(words, to + Attr.size / 4, from, StatxWord.size);
    copyPair(words, to + Attr.blocks / 4, from, StatxWord.blocks);
    copyPair(words, to + Attr.atime / 4, from, StatxWord.atime);
    copyPair(words, to + Attr.mtime / 4, from, StatxWord.mtime);
    copyPair(words, to + Attr.ctime / 4, from, StatxWord.ctime);
    // Behind the 64-bit seconds of a statx timestamp come its nanoseconds.
    words[to + Attr.atimeNsec / 4] = from[StatxWord.atime + 2] ?? 0;
    words[to + Attr.mtimeNsec / 4] = from[StatxWord.mtime + 2] ?? 0;
    words[to + Attr.ctimeNsec / 4] = from[StatxWord.ctime + 2] ?? 0;
    words[to + Attr.mode / 4] = status.mode;
    words[to + Attr.nlink / 4] = status.nlink;
    words[to + Attr.uid / 4] = status.uid;
    words[to + Attr.gid / 4] = status.gid;
    words[to + Attr.rdev / 4] = encodeDevice(from[StatxWord.rdevMajor] ?? 0, from[StatxWord.rdevMinor] ?? 0);
    words[to + Attr.blksize / 4] = from[StatxWord.blockSize] ?? 0;
    words[to + Attr.flags / 4] = 0;
  }

  /**
   * Answers `request` on the device.
   * @param result - bytes of payload, or a negated errno
   * @returns false when the kernel no longer waits for it (ENOENT: interrupted or aborted)
   */
  send(fd: number, request: Request, result: number): boolean {
    const { words } = this;
    const length = OutHeader.size + Math.max(result, 0);
    words[OutHeader.len] = length;
    words[OutHeader.error >> 2] = Math.min(result, 0);
    words[OutHeader.unique >> 2] = request.uniqueLow;
    words[(OutHeader.unique >> 2) + 1] = request.uniqueHigh;
    return write(fd, this.region.address, length) === length;
  }
}

function copyPair(to: Uint32Array, toIndex: number, from: Uint32Array, fromIndex: number): void {
  to[toIndex] = from[fromIndex] ?? 0;
  to[toIndex + 1] = from[fromIndex + 1] ?? 0;
}

/** `new_encode_dev` of the kernel's include/linux/kdev_t.h: 12 bits major, 20 bits minor. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** What `makedev` of glibc makes of an {@link encodeDevice | encoded} device. */
export function decodeDevice(encoded: number): number {
  const major = (encoded & 0xfff00) >>> 8;
  const minor = (encoded & 0xff) | ((encoded >>> 12) & 0xfff00);
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
