/**
 * A collector for tests: takes sealed chunks while they are made.
 *
 * Guarantees: takes the chunks of one stream in their order, each once and whole, and removes it. A chunk that goes by itself
 * (one that could not get its first byte) is none.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { chunksOf } from './chunks.js';

export class ChunkDrain {
  private readonly parts: Buffer[] = [];
  private isStopped = false;
  private readonly running: Promise<void>;

  /** Begins. @param path - the tracked file's, under the mountpoint */
  constructor(
    private readonly logs: string,
    private readonly path: string,
  ) {
    this.running = this.run();
  }

  /** How many chunks were taken so far. */
  get taken(): number {
    return this.parts.length;
  }

  /** Ends, takes what is sealed now, and returns all that was captured. Throws when a chunk is left that is not sealed. */
  async finish(): Promise<Buffer> {
    this.isStopped = true;
    await this.running;
    this.takeSealed();
    const [left] = chunksOf(this.logs, this.path);
    if (left !== undefined) throw new Error(`${left} is not sealed`);
    return Buffer.concat(this.parts);
  }

  private async run(): Promise<void> {
    for (; !this.isStopped; await delay(20)) this.takeSealed();
  }

  private takeSealed(): void {
    for (const chunk of chunksOf(this.logs, this.path)) {
      const status = statSync(chunk, { throwIfNoEntry: false });
      if (status === undefined) continue;
      if ((status.mode & 0o222) !== 0) return;
      this.parts.push(readFileSync(chunk));
      rmSync(chunk);
    }
  }
}
