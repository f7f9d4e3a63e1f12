/**
 * One statx(2) result, read in place.
 *
 * Guarantees: `read*` fills it with one system call and no allocation; the getters show the last successful result until
 * the next. Layout: `struct statx` of linux/stat.h (256 bytes). 64-bit fields that can exceed 2^53 are offered as words.
 */
import { orErrno, statx } from './calls.js';
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_ISGID,
  S_ISUID,
} from './flags.js';
import { emptyString, MemoryRegion } from './memory.js';

const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const MASK = STATX_BASIC_STATS | STATX_BTIME;

/** Word indices (4 bytes each) into `struct statx`. */
export const StatxWord = {
  mask: 0,
  blockSize: 1,
  attributes: 2,
  nlink: 4,
  uid: 5,
  gid: 6,
  mode: 7,
  ino: 8,
  size: 10,
  blocks: 12,
  atime: 16,
  btime: 20,
  ctime: 24,
  mtime: 28,
  rdevMajor: 32,
  rdevMinor: 33,
  devMajor: 34,
  devMinor: 35,
} as const;

/** Whole numbers up to 2^53 keep their value as a JavaScript number; this is the high word where they cease to. */
const HIGH_WORD_EXACT = 1 << 21;

export class FileStatus {
  private readonly region = new MemoryRegion(256);
  readonly words: Uint32Array = this.region.words;

  /** lstat of `name` in `directory`. @returns 0 or a negated errno */
  readEntry(directory: number, name: number): number {
    return orErrno(statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, MASK, this.region.address));
  }

  /** fstat; works on O_PATH descriptors, symbolic links included. @returns 0 or a negated errno */
  readFd(fd: number): number {
    return orErrno(statx(fd, emptyString, AT_EMPTY_PATH, MASK, this.region.address));
  }

  private word(index: number): number {
    return this.words[index] ?? 0;
  }

  get mode(): number {
    return this.word(StatxWord.mode) & 0xffff;
  }
  get nlink(): number {
    return this.word(StatxWord.nlink);
  }
  get uid(): number {
    return this.word(StatxWord.uid);
  }
  get gid(): number {
    return this.word(StatxWord.gid);
  }
  get size(): number {
    return this.word(StatxWord.size) + this.word(StatxWord.size + 1) * 2 ** 32;
  }
  get isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }
  get isRegular(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }
  get isSymlink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }

  get hasSetId(): boolean {
    return (this.mode & (S_ISUID | S_ISGID)) !== 0;
  }

  /** Device of the file system that holds the inode, as one number for comparison. */
  get device(): number {
    return this.word(StatxWord.devMajor) * 2 ** 32 + this.word(StatxWord.devMinor);
  }

  /** Inode number as a map key: a number where it is exact, text for the 64-bit hashes of some network file systems. */
  get inodeKey(): number | string {
    return inodeKeyOf(this.word(StatxWord.ino), this.word(StatxWord.ino + 1));
  }

  /** The same, and the device, in words. */
  get inode(): { inoLow: number; inoHigh: number; deviceMajor: number; deviceMinor: number } {
    return {
      inoLow: this.word(StatxWord.ino),
      inoHigh: this.word(StatxWord.ino + 1),
      deviceMajor: this.word(StatxWord.devMajor),
      deviceMinor: this.word(StatxWord.devMinor),
    };
  }
}

/** What {@link FileStatus.inodeKey} makes of the two words of an inode number. */
export function inodeKeyOf(low: number, high: number): number | string {
  return high < HIGH_WORD_EXACT ? low + high * 2 ** 32 : `${high}:${low}`;
}
