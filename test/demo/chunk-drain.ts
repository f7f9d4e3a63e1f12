/**
 * A collector of the simplest kind: reads chunks in order and deletes those that are sealed.
 *
 * Guarantees: every byte of a chunk is read once; a chunk is deleted only when it was sealed (nobody has write
 * permission) before it was read to its end. Positions are kept in memory only: a real collector would store them.
 */
import { closeSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chunkName } from '../harness/chunks.js';
import type { LineLedger } from './line-ledger.js';

/** A chunk that waits in `logs/`. */
export interface WaitingChunk {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Drains the chunks of some streams. */
export class ChunkDrain {
  /** Chunks read to their end and deleted. */
  chunks = 0;
  /** Bytes read. */
  bytes = 0;
  /** Chunks that were left in place by the last pass, oldest first. */
  waiting: readonly WaitingChunk[] = [];
  private readonly logs: string;
  private readonly ledgers = new Map<string, LineLedger>();
  private readonly positions = new Map<string, number>();
  private readonly buffer = Buffer.allocUnsafe(1 << 18);

  /** @param logs - the log cache's `logs` folder */
  constructor(logs: string) {
    this.logs = logs;
  }

  /** Lines of this stream go to this ledger from now on. Chunks of other streams stay untouched. */
  deliver(stream: string, ledger: LineLedger): void {
    this.ledgers.set(stream, ledger);
  }

  /** Reads what is new in all chunks and deletes what is finished. */
  pass(): void {
    const waiting: WaitingChunk[] = [];
    // The listing comes first: a chunk that has a successor in it does not grow any more.
    for (const name of readdirSync(this.logs).sort()) {
      const ledger = this.ledgers.get(name.slice(0, 32));
      if (ledger === undefined || !chunkName.test(name)) continue;
      const sealed = (statSync(join(this.logs, name)).mode & 0o222) === 0;
      const size = this.readOn(name, ledger);
      if (sealed) this.remove(name);
      else waiting.push({ name, size });
    }
    this.waiting = waiting;
  }

  /** Returns the chunk's size, as far as it has been read. */
  private readOn(name: string, ledger: LineLedger): number {
    let position = this.positions.get(name) ?? 0;
    const fd = openSync(join(this.logs, name), 'r');
    for (;;) {
      const count = readSync(fd, this.buffer, 0, this.buffer.length, position);
      if (count === 0) break;
      ledger.add(this.buffer.subarray(0, count));
      position += count;
      this.bytes += count;
    }
    closeSync(fd);
    this.positions.set(name, position);
    return position;
  }

  private remove(name: string): void {
    rmSync(join(this.logs, name));
    this.positions.delete(name);
    this.chunks++;
  }
}
