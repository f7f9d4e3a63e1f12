/**
 * A run of a stream's bytes in memory, across the borders of its chunks.
 *
 * Guarantees: the bytes are those of the stream from a position on, without a gap, and every byte's place (chunk and
 * offset) can be told. Says what follows: more bytes, a writer that may go on, or nothing. Does not know lines.
 */
import { join } from 'node:path';
import { ChunkFile } from './chunk-file.js';
import { type Position, startOf } from './position.js';
import type { StreamChunks } from './stream-chunks.js';

/** The part of a window that comes from one chunk. */
export interface Segment {
  readonly chunk: string;
  /** Index in the window's memory of its first byte. */
  readonly at: number;
  /** Of that byte in the chunk. */
  readonly offset: number;
}

/** `more`: there are bytes behind it; `live`: the writer may go on; `end`: the stream has no more bytes. */
export type Ending = 'more' | 'live' | 'end';

export interface StreamWindow {
  readonly segments: readonly Segment[];
  /** Indices in the memory that was given. */
  readonly start: number;
  readonly end: number;
  readonly ending: Ending;
  /** Where reading goes on behind the window. */
  readonly next: Position;
  /** Above 0 where it begins within a record that is too long to be carried whole: the index of the next part. */
  readonly part: number;
  /** With `live`: size of the newest chunk. */
  readonly liveSize: number;
}

/** Reads the chunks of a log cache. */
export class WindowReader {
  /** Chunks that were shorter than what had been acknowledged of them, and are read again from their beginning. */
  shrunkChunks = 0;

  /** @param round - the number of listings that have begun, see `chunk-inventory.ts` */
  constructor(
    private readonly logs: string,
    private readonly round: () => number,
  ) {}

  /**
   * Reads `length` bytes from `position` on into `memory` at `at`; fewer where the stream ends, or after `maxChunks` chunks.
   *
   * @throws Node's errors when a chunk can't be read
   */
  read(
    stream: StreamChunks,
    position: Position,
    memory: Buffer,
    at: number,
    length: number,
    maxChunks = fewChunks,
  ): StreamWindow {
    const index = stream.indexOf(position.chunk);
    const isThere = stream.names[index] === position.chunk;
    const window = new WindowBuilder(isThere ? position : { ...position, offset: 0, part: 0 }, at);
    for (const [ahead, chunk] of stream.names.slice(index, index + maxChunks).entries()) {
      const file = ChunkFile.open(join(this.logs, chunk));
      if (file === undefined) {
        if (window.skip(chunk)) continue;
        return window.finish('end');
      }
      let ending: Ending | undefined;
      try {
        ending = this.take(window, stream, chunk, file, memory, at + length);
      } finally {
        file.close();
      }
      if (ending !== undefined) return window.finish(ending, file.size);
      window.enter(stream.names[index + ahead + 1] ?? chunk);
      if (window.end === at + length) return window.finish('more');
    }
    return window.finish(index + maxChunks < stream.names.length ? 'more' : 'end');
  }

  /** Adds what `chunk` has. @returns what follows; undefined: the next chunk */
  private take(
    window: WindowBuilder,
    stream: StreamChunks,
    chunk: string,
    file: ChunkFile,
    memory: Buffer,
    limit: number,
  ): Ending | undefined {
    if (window.enter(chunk) > file.size) {
      this.shrunkChunks++;
      window.restart();
    }
    const { offset } = window.next;
    const wanted = Math.min(file.size - offset, limit - window.end);
    const count = file.read(memory, window.end, wanted, offset);
    window.add(count);
    // A chunk that was truncated meanwhile has nothing more to give.
    if (offset + wanted < file.size && count === wanted) return 'more';
    if (chunk !== stream.newest) return undefined;
    if (file.isSealed) stream.seal(file.size, this.round());
    return stream.isFinal ? 'end' : 'live';
  }
}

/** More chunks than this are not opened in one go: opening them takes time, however little is in them. */
const fewChunks = 256;

class WindowBuilder {
  readonly segments: Segment[] = [];
  end: number;
  part: number;

  constructor(
    public next: Position,
    private readonly start: number,
  ) {
    this.end = start;
    this.part = next.part;
  }

  /** Goes on in a chunk. @returns the offset in it */
  enter(chunk: string): number {
    if (this.next.chunk !== chunk) this.next = startOf(chunk);
    return this.next.offset;
  }

  /** A chunk that somebody has removed. @returns false: what follows does not belong to the bytes before it */
  skip(chunk: string): boolean {
    this.next = startOf(chunk);
    if (this.end > this.start) return false;
    this.part = 0;
    return true;
  }

  restart(): void {
    this.next = startOf(this.next.chunk);
    this.part = 0;
  }

  add(count: number): void {
    const { chunk, offset } = this.next;
    if (count > 0) this.segments.push({ chunk, at: this.end, offset });
    this.end += count;
    this.next = { chunk, offset: offset + count, part: 0 };
  }

  finish(ending: Ending, liveSize = 0): StreamWindow {
    const { segments, start, end, next, part } = this;
    return { segments, start, end, next, part, ending, liveSize };
  }
}

/** The place in the stream of the byte at `index` of a window's memory. */
export function positionAt(window: StreamWindow, index: number, part: number): Position {
  if (index >= window.end) return { ...window.next, part };
  let found = window.segments[0];
  for (const segment of window.segments) {
    if (segment.at > index) break;
    found = segment;
  }
  if (found === undefined) return { ...window.next, part };
  return { chunk: found.chunk, offset: found.offset + index - found.at, part };
}
