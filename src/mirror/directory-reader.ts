/**
 * Reading open directories.
 *
 * Guarantees: entries come with the cookies of the mirror's file system, so that a directory can be read while it changes
 * with just the promises that file system makes (readdir(3)). `.` and `..` are among them. Names are bytes.
 *
 * Reads one buffer ahead, and gives the rest of it to whoever goes on with the same handle next: seeking back instead makes
 * ext4 hash a large directory again. So it may show an entry that has gone meanwhile, like readdir(3)'s own buffer;
 * rewinding reads anew. Does not sort or cache.
 */
import { getdents, lseek, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { MemoryRegion } from '../libc/memory.js';
import { EntryName } from './entry-name.js';

const SEEK_SET = 0;

/** `struct linux_dirent64`: u64 ino, i64 off, u16 reclen, u8 type, then the name (getdents(2)). */
const Dirent = { ino: 0, off: 8, reclen: 16, type: 18, name: 19 } as const;

const BUFFER_SIZE = 32 * 1024;

/** One entry of a directory, valid until the next one is read. 64-bit values are pairs of words, low first. */
export class DirectoryEntry {
  inoLow = 0;
  inoHigh = 0;
  /** Cookie: where reading goes on behind this entry. */
  nextLow = 0;
  nextHigh = 0;
  /** DT_* of readdir(3). */
  type = 0;
  readonly name: EntryName;

  constructor(region: MemoryRegion) {
    this.name = new EntryName(region);
  }

  get isDotOrDotDot(): boolean {
    return this.name.check() !== 0;
  }
}

export class DirectoryReader {
  private readonly buffer = new MemoryRegion(BUFFER_SIZE);
  private readonly entry = new DirectoryEntry(this.buffer);
  /** The handle that the buffer was filled from, and the cookie behind the last entry that was taken. */
  private handle = -1;
  private cookie = 0n;
  /** What of the buffer is still to be taken. */
  private start = 0;
  private end = 0;

  /**
   * Calls `take` for each entry from the cookie on, until it returns false or there are no more.
   * @param fd - the handle's descriptor
   * @returns 0, or a negated errno where that kept it from giving any
   */
  read(handle: number, fd: number, cookie: bigint, take: (entry: DirectoryEntry) => boolean): number {
    const goesOn = handle === this.handle && cookie === this.cookie && cookie !== 0n;
    if (!goesOn && !this.seek(handle, fd, cookie)) return -Errno.EINVAL;
    const { entry } = this;
    let [low, high, taken] = [0, 0, 0];
    for (;;) {
      const failed = this.start < this.end ? 0 : this.fill(fd);
      if (failed < 0 && taken === 0) return failed;
      if (this.start === this.end) break;
      const next = this.locate(this.start);
      if (!take(entry)) break;
      this.start = next;
      low = entry.nextLow;
      high = entry.nextHigh;
      taken++;
    }
    if (taken > 0) this.cookie = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
    return 0;
  }

  /** The handle is closed: another open may get its number. */
  forget(handle: number): void {
    if (this.handle === handle) this.handle = -1;
  }

  private seek(handle: number, fd: number, cookie: bigint): boolean {
    this.handle = handle;
    this.cookie = cookie;
    this.start = this.end = 0;
    return lseek(fd, cookie, SEEK_SET) >= 0;
  }

  /** @returns 0, with an empty buffer at the end of the directory, or a negated errno */
  private fill(fd: number): number {
    const length = orErrno(getdents(fd, this.buffer.address, BUFFER_SIZE));
    this.start = 0;
    this.end = Math.max(0, length);
    return Math.min(0, length);
  }

  /** Makes `entry` show the record at `start`. @returns where the next one starts */
  private locate(start: number): number {
    const { bytes, words } = this.buffer;
    const { entry } = this;
    const word = start / 4; // records are aligned to 8 bytes
    const end = start + (bytes[start + Dirent.reclen] ?? 0) + (bytes[start + Dirent.reclen + 1] ?? 0) * 256;
    entry.inoLow = words[word] ?? 0;
    entry.inoHigh = words[word + 1] ?? 0;
    entry.nextLow = words[word + Dirent.off / 4] ?? 0;
    entry.nextHigh = words[word + Dirent.off / 4 + 1] ?? 0;
    entry.type = bytes[start + Dirent.type] ?? 0;
    entry.name.locate(this.buffer, start + Dirent.name, end);
    return end;
  }
}
