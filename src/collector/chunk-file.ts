/**
 * Reading one chunk.
 *
 * Guarantees: size and seal are those of one instant, and were so before anything was read: a sealed chunk has no more
 * bytes than that. Anything but a regular file is as good as absent. Does not keep descriptors: {@link ChunkFile.close}.
 *
 * Reads synchronously: chunks are local files, mostly in the page cache, and a read of a few hundred kilobytes takes less
 * than handing it to another thread.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const WRITE_BITS = 0o222;
/** A FIFO with a chunk's name must not hold up the collector, nor a link lead it elsewhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class ChunkFile {
  private constructor(
    private readonly fd: number,
    readonly size: number,
    readonly isSealed: boolean,
  ) {}

  /**
   * @returns undefined where there is no such chunk
   * @throws Node's errors when it can't be opened
   */
  static open(path: string): ChunkFile | undefined {
    let fd: number;
    try {
      fd = openSync(path, FLAGS);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
    const status = fstatSync(fd);
    if (status.isFile()) return new ChunkFile(fd, status.size, (status.mode & WRITE_BITS) === 0);
    closeSync(fd);
    return undefined;
  }

  /** Reads up to `length` bytes from `offset` into `target` at `at`. @returns how many; fewer only at the chunk's end */
  read(target: Buffer, at: number, length: number, offset: number): number {
    let done = 0;
    while (done < length) {
      const count = readSync(this.fd, target, at + done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function isAbsence(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO';
}
