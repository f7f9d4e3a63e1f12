/**
 * Removing files of `meta/` whose chunk is gone: a collector need not know them.
 *
 * Guarantees: done at the start, and once a minute where one of the folders has changed, without holding anybody up. Removes
 * nothing but files that are named after a chunk (`meta-name.ts`), and only where there is no such chunk: a chunk is made
 * before its file.
 */
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { chunkOfMeta } from './meta-name.js';

const INTERVAL_MS = 60_000;

export class MetaSweep {
  private timer: NodeJS.Timeout | undefined;
  /** When the folders had changed last, before the last sweep. */
  private lastSeen = '';
  private lastFailure = '';
  private isStopped = false;

  /** @param onFailure - is told once of each kind of failure in a row */
  constructor(
    private readonly meta: string,
    private readonly logs: string,
    private readonly onFailure: (error: Error) => void,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.sweep(), INTERVAL_MS).unref();
    void this.sweep();
  }

  stop(): void {
    clearInterval(this.timer);
    this.isStopped = true;
  }

  /** Never rejects. */
  async sweep(): Promise<void> {
    try {
      const seen = `${await changeTime(this.meta)} ${await changeTime(this.logs)}`;
      if (seen !== this.lastSeen) await this.removeOrphans();
      this.lastSeen = seen;
      this.lastFailure = '';
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (failure.message !== this.lastFailure) this.onFailure(failure);
      this.lastFailure = failure.message;
    }
  }

  private async removeOrphans(): Promise<void> {
    const { meta, logs } = this;
    // In this order: what is made in between has a chunk.
    const files = await readdir(meta);
    const chunks = new Set(await readdir(logs));
    for (const file of files) {
      if (this.isStopped) return;
      const chunk = chunkOfMeta(file);
      if (chunk === undefined || chunks.has(chunk) || (await exists(join(logs, chunk)))) continue;
      await rm(join(meta, file), { force: true });
    }
  }
}

async function changeTime(folder: string): Promise<bigint> {
  return (await stat(folder, { bigint: true })).mtimeNs;
}

/** A folder that changes while it is read may not show all of its entries. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
