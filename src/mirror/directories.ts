/**
 * Open directories and what they hold.
 *
 * Guarantees: entries come with the cookies of the mirror's file system, so that a directory can be read while it changes
 * with just the promises that file system makes (readdir(3)). `.` and `..` are among them. Names are bytes.
 *
 * Does not: sort, cache, or read more than one buffer ahead.
 */
import { close, getdents, lseek, openat, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import { EntryName } from './entry-name.js';
import type { Mirror } from './mirror.js';
import type { Node } from './node.js';
import { HandleFlag } from './open-descriptors.js';

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

export class Directories {
  private readonly buffer = new MemoryRegion(BUFFER_SIZE);
  private readonly dotName = new MemoryRegion(8).putString(0, '.');
  readonly entry = new DirectoryEntry(this.buffer);

  constructor(private readonly mirror: Mirror) {}

  /** @returns a file handle or a negated errno */
  opendir(node: Node): number {
    if (this.mirror.handles.isFull) return -Errno.ENFILE;
    const nodeFd = this.mirror.nodes.fdOf(node);
    if (nodeFd < 0) return nodeFd;
    const fd = orErrno(openat(nodeFd, this.dotName, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
    if (fd < 0) return fd;
    if (fd >= this.mirror.descriptorLimit) {
      close(fd);
      return -Errno.ENFILE;
    }
    const { caller, handles, intents } = this.mirror;
    const { pid } = caller;
    crashAt?.('opened');
    intents.handle = handles.next;
    const handle = handles.add(fd, HandleFlag.directory, { node, paths: [], pid, writable: false });
    crashAt?.('handle-added');
    return handle;
  }

  /**
   * Calls `take` for each entry from the cookie on, until it returns false or the buffer is through.
   * @returns 0 or a negated errno
   */
  read(handle: number, cookie: bigint, take: (entry: DirectoryEntry) => boolean): number {
    const fd = this.mirror.handles.fd(handle);
    if (fd < 0) return fd;
    if (lseek(fd, cookie, SEEK_SET) < 0) return -Errno.EINVAL;
    const length = orErrno(getdents(fd, this.buffer.address, BUFFER_SIZE));
    if (length < 0) return length;
    for (let start = 0; start < length; ) {
      const next = this.locate(start);
      if (!take(this.entry)) break;
      start = next;
    }
    return 0;
  }

  /** @returns 0 or -EBADF */
  releasedir(handle: number): number {
    if ((this.mirror.handles.flags(handle) & HandleFlag.directory) === 0) return -Errno.EBADF;
    const fd = this.mirror.handles.fd(handle);
    const file = this.mirror.handles.remove(handle);
    crashAt?.('handle-removed');
    if (file === undefined) return -Errno.EBADF;
    close(fd);
    this.mirror.nodes.releaseIfUnused(file.node);
    return 0;
  }

  /** Makes `entry` show the record at `start`. @returns where the next one starts */
  private locate(start: number): number {
    const { bytes, words } = this.buffer;
    const { entry } = this;
    const word = start / 4; // records are aligned to 8 bytes
    const end = start + bytes.readUInt16LE(start + Dirent.reclen);
    entry.inoLow = words[word] ?? 0;
    entry.inoHigh = words[word + 1] ?? 0;
    entry.nextLow = words[word + Dirent.off / 4] ?? 0;
    entry.nextHigh = words[word + Dirent.off / 4 + 1] ?? 0;
    entry.type = bytes[start + Dirent.type] ?? 0;
    entry.name.locate(this.buffer, start + Dirent.name, end);
    return end;
  }
}
