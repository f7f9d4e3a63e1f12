/**
 * The time that chunk names carry.
 *
 * Guarantees: strictly increasing, across streams, across restarts, and when the host's clock steps back: the last value
 * given out is kept in a file (`meta/clock`) and never undercut. Survives SIGKILL; after a power loss, or where the file
 * can't be written, the newest chunk that is still there is counted (see `leftover-chunks.ts`). While the host's clock is
 * behind, names run ahead of it by 100 ns a chunk.
 */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { type Ticks, ticksOf } from './chunk-name.js';

const DIGITS = 20;

export class ChunkClock {
  private last: Ticks;
  private readonly fd: number;

  /**
   * @param path - file that keeps the last value
   * @param newestChunk - time in the name of the newest chunk there is
   * @param now - milliseconds since 1970, replaced in tests
   */
  constructor(
    path: string,
    newestChunk: Ticks,
    private readonly now: () => number = Date.now,
  ) {
    this.fd = tryOpen(path);
    const last = this.fd >= 0 ? read(this.fd) : 0n;
    this.last = last > newestChunk ? last : newestChunk;
  }

  /** A time later than every earlier one. */
  next(): Ticks {
    const now = ticksOf(this.now());
    this.last = now > this.last ? now : this.last + 1n;
    this.keep();
    return this.last;
  }

  /** A value that could not be kept costs nothing while the server lives; capture must not stop for it. */
  private keep(): void {
    try {
      writeSync(this.fd, this.last.toString().padStart(DIGITS, '0'), 0, 'latin1');
    } catch {
      // The names in logs/ still tell the newest time at the next start.
    }
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
  }
}

/** A file that can't be had must not keep a log directory from being mounted: -1. */
function tryOpen(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch {
    return -1;
  }
}

function read(fd: number): Ticks {
  const kept = readFileSync(fd, 'latin1').trim();
  return /^\d+$/.test(kept) ? BigInt(kept) : 0n;
}
