/**
 * The folder `logs/`: making chunk files in it.
 *
 * Guarantees: a new chunk's name is later than every earlier one's; the file is new (O_EXCL), readable by no one but root
 * and, with `group=`, by that group. A `logs/` that was removed is made again. Failures are errnos, never exceptions.
 */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fchmod, fchown, open, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { Chunk } from './chunk.js';
import type { ChunkClock } from './chunk-clock.js';
import { chunkName } from './chunk-name.js';

const FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
const KEEP_OWNER = 0xffffffff;

export interface ChunkStoreOptions {
  /** Absolute path of `logs/`. */
  readonly logs: string;
  /** Group that may read chunks; undefined for root alone. */
  readonly gid: number | undefined;
  /** Bytes beyond which a chunk ends at its next newline. */
  readonly chunkSize: number;
}

/** Data that holds no newline is cut at this many times the chunk size. */
const HARD_LIMIT_FACTOR = 4;

export class ChunkStore {
  readonly chunkSize: number;
  readonly hardLimit: number;
  private readonly pathBuffer = new MemoryRegion(8192);

  constructor(
    private readonly options: ChunkStoreOptions,
    private readonly clock: ChunkClock,
  ) {
    this.chunkSize = options.chunkSize;
    this.hardLimit = options.chunkSize * HARD_LIMIT_FACTOR;
  }

  /** @returns a new chunk of the stream, or a negated errno */
  create(stream: string): Chunk | number {
    const ticks = this.clock.next();
    const path = join(this.options.logs, chunkName(stream, ticks));
    this.pathBuffer.bytes.write(`${path}\0`);
    let fd = this.openNew();
    if (fd === -Errno.ENOENT && this.makeFolder()) fd = this.openNew();
    if (fd < 0) return fd;
    this.setAccess(fd);
    return new Chunk(fd, path, this.options.gid === undefined ? 0o400 : 0o440, ticks);
  }

  /** @returns a descriptor of the folder, for syncing its file system, or a negated errno */
  openFolder(): number {
    this.pathBuffer.bytes.write(`${this.options.logs}\0`);
    return orErrno(open(this.pathBuffer.address, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  }

  private openNew(): number {
    return orErrno(open(this.pathBuffer.address, FLAGS, 0o600));
  }

  /** By fchmod, because the mode at creation passes through whatever umask the last caller had. */
  private setAccess(fd: number): void {
    const { gid } = this.options;
    if (gid !== undefined) fchown(fd, KEEP_OWNER, gid);
    fchmod(fd, gid === undefined ? 0o600 : 0o640);
  }

  private makeFolder(): boolean {
    const { logs, gid } = this.options;
    try {
      mkdirSync(logs, { mode: 0o700 });
      if (gid !== undefined) chownSync(logs, 0, gid);
      chmodSync(logs, gid === undefined ? 0o700 : 0o750);
      return true;
    } catch {
      return false;
    }
  }
}
