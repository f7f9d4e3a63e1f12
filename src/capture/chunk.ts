/**
 * One chunk file that is being written.
 *
 * Guarantees: bytes are only appended; the file keeps its inode; once sealed or discarded it is never written again.
 */
import { unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { close } from '../libc/calls.js';
import { AT_EMPTY_PATH } from '../libc/flags.js';
import { emptyString, MemoryRegion } from '../libc/memory.js';
import { dup, fchmod, statx, uninterrupted, write } from './capture-calls.js';
import type { Ticks } from './chunk-name.js';

const STATX_NLINK = 0x4;
const NLINK_WORD = 4;

const status = new MemoryRegion(256);

/** Whether an open file still has a name. */
export function isLinked(fd: number): boolean {
  const failed = statx(fd, emptyString, AT_EMPTY_PATH, STATX_NLINK, status.address);
  return failed < 0 || status.words[NLINK_WORD] !== 0;
}

export class Chunk {
  /**
   * @param fd - descriptor of the new, empty file, open for appending; the chunk closes it
   * @param sealedMode - permission bits of the sealed file: no write bits
   * @param ticks - time in its name
   */
  constructor(
    readonly fd: number,
    readonly path: string,
    readonly sealedMode: number,
    readonly ticks: Ticks,
  ) {}

  /** Name in `logs/`. */
  get name(): string {
    return basename(this.path);
  }

  /** @returns bytes written, or -1 with errno set */
  write(address: number, length: number): number {
    return write(this.fd, address, length);
  }

  /** False once somebody has deleted the file: what is written to it from then on nobody could read. */
  isLinked(): boolean {
    return isLinked(this.fd);
  }

  /** A second descriptor of the same open file, for a sync that may outlast the chunk. -1 when there is none to be had. */
  duplicate(): number {
    return uninterrupted(() => dup(this.fd));
  }

  /** Ends the chunk: it gets no more bytes, and `ls -l` shows it. @returns false when it could not be made to show */
  seal(): boolean {
    const failed = uninterrupted(() => fchmod(this.fd, this.sealedMode));
    close(this.fd);
    return failed >= 0;
  }

  /** Removes a chunk that got no byte. */
  discard(): void {
    try {
      unlinkSync(this.path);
    } catch {
      // Already gone, which is all that was wanted.
    }
    close(this.fd);
  }

  /** Lets go of a file that was deleted. */
  abandon(): void {
    close(this.fd);
  }
}
