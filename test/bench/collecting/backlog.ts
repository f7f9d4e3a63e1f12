/**
 * A log cache full of sealed chunks, as a mount leaves it behind when nobody collects.
 *
 * Guarantees: names, modes and order are those that the README tells under "The log cache"; the same bytes each
 * time. Lines are 128 bytes long, each with a number of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chunkName, streamId, ticksOf } from '../../../src/capture/chunk-name.js';

const lineLength = 128;
const mountpoint = '/var/log/benchmark';

/** How much there is. */
export interface BacklogSize {
  readonly chunks: number;
  readonly linesPerChunk: number;
  /** Logs that the chunks belong to, in turn. */
  readonly streams: number;
}

export class Backlog {
  readonly chunks: number;
  readonly lines: number;
  readonly bytes: number;
  private readonly size: BacklogSize;

  constructor(size: BacklogSize) {
    this.size = size;
    this.chunks = size.chunks;
    this.lines = size.chunks * size.linesPerChunk;
    this.bytes = this.lines * lineLength;
  }

  /** Makes the log cache in an existing, empty folder. */
  fill(root: string): void {
    for (const name of ['logs', 'meta', 'mirror']) mkdirSync(join(root, name), { mode: 0o700 });
    writeFileSync(join(root, 'trackfiles.txt'), `${mountpoint}/**\n`);
    const begin = Date.now() - this.chunks;
    for (let index = 0; index < this.chunks; index++) {
      const stream = streamId(`${mountpoint}/${index % this.size.streams}.log`);
      writeFileSync(join(root, 'logs', chunkName(stream, ticksOf(begin + index))), this.content(index), {
        mode: 0o400,
      });
    }
  }

  private content(chunk: number): string {
    const first = chunk * this.size.linesPerChunk;
    let text = '';
    for (let line = 0; line < this.size.linesPerChunk; line++) {
      text += `2026-01-01T00:00:00.000Z host app[1]: line ${first + line} `.padEnd(lineLength - 1, '.');
      text += '\n';
    }
    return text;
  }
}
