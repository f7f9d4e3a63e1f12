/**
 * The folder `meta/`: writing what is known about chunks.
 *
 * Guarantees: a file begins with its header, also when somebody removed it and lines come later; lines are there whole or not
 * at all. Readable by those who may read chunks. A `meta/` that was removed is made again. Failures are errnos, never exceptions.
 *
 * Does not: keep files open, as there are as many as live chunks; sync.
 */
import { join } from 'node:path';
import { close, ftruncate, lseek, open, orErrno, unlinkat, write } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { AT_FDCWD, O_APPEND, O_CLOEXEC, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { makeCacheFolder, setFileAccess } from './cache-access.js';

const FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
const SEEK_END = 2;

const PATH_SIZE = 8192;
/** A header (4 KiB of path, escaped) and some lines (1 KiB of command, escaped) fit, whatever their characters. */
const TEXT_SIZE = 1 << 18;

export class MetaFiles {
  private readonly memory = new MemoryRegion(PATH_SIZE + TEXT_SIZE);

  /**
   * @param folder - absolute path of `meta/`
   * @param gid - group that may read it; undefined for root alone
   */
  constructor(
    readonly folder: string,
    private readonly gid: number | undefined,
  ) {}

  /**
   * Appends whole lines, behind the header where the file is new.
   * @returns 0 or a negated errno
   */
  append(name: string, header: string, lines: string): number {
    const fd = this.open(name);
    if (fd < 0) return fd;
    const size = Number(lseek(fd, 0, SEEK_END));
    if (size === 0) setFileAccess(fd, this.gid);
    const failed = this.appendTo(fd, size, size === 0 ? header + lines : lines);
    close(fd);
    return failed;
  }

  private appendTo(fd: number, size: number, text: string): number {
    const length = this.memory.bytes.write(text, PATH_SIZE);
    const written = orErrno(write(fd, this.memory.address + PATH_SIZE, length));
    if (written === length) return 0;
    // A disk that fills up takes a part.
    if (written > 0) ftruncate(fd, size);
    return written < 0 ? written : -Errno.ENOSPC;
  }

  /** Removes a file whose chunk is gone. */
  remove(name: string): void {
    this.locate(name);
    unlinkat(AT_FDCWD, this.memory.address, 0);
  }

  private open(name: string): number {
    this.locate(name);
    const fd = orErrno(open(this.memory.address, FLAGS, 0o600));
    if (fd !== -Errno.ENOENT || !makeCacheFolder(this.folder, this.gid)) return fd;
    return orErrno(open(this.memory.address, FLAGS, 0o600));
  }

  private locate(name: string): void {
    this.memory.bytes.write(`${join(this.folder, name)}\0`);
  }
}
