/**
 * Reads what one destination has not got yet, stream after stream.
 *
 * Guarantees: streams in turn with a budget of bytes, so that a noisy one starves none; within a stream everything in order.
 * A stream that can't be read does not stop the others, and is tried again at the next round of the inventory. Memory is that of one batch.
 */
import type { ChunkInventory } from './chunk-inventory.js';
import { isSamePosition, type Position, startOf } from './position.js';
import { RateLimit } from './rate-limit.js';
import type { ReadBatch } from './read-batch.js';
import { lineBoundary } from './record-boundary.js';
import { type Cut, cutRecords, maxMessageBytes } from './record-cutter.js';
import type { RecordMaker } from './record-maker.js';
import type { Route } from './routes.js';
import type { StreamChunks } from './stream-chunks.js';
import { StreamCursor } from './stream-cursor.js';
import { positionAt, type StreamWindow, type WindowReader } from './stream-window.js';

/** Bytes of one stream before the next one has its turn. */
const turnBytes = 256 * 1024;
/** Whole message, its newline, and one byte to see that a longer one is longer. */
const longestWindow = maxMessageBytes + 2;
/** Room that a batch needs above its size: for one long message and an added newline. */
export const batchRoom = longestWindow + 1;

export interface StreamReaderOptions {
  readonly inventory: ChunkInventory;
  readonly windows: WindowReader;
  readonly maker: RecordMaker;
  /** How far the destination has acknowledged a stream. */
  readonly acknowledged: (stream: StreamChunks) => Position | undefined;
  /** A stream has nothing more to read for now: its chunks may be done. */
  readonly onIdle: (stream: StreamChunks) => void;
  readonly onUnreadable: (stream: StreamChunks, error: unknown) => void;
  /** Whether whole lines at the end of a live chunk are records even if more lines could belong to them. */
  readonly endsHere: boolean;
  /** The time now, nanoseconds since 1970. */
  readonly now: () => bigint;
}

export class StreamReader {
  private readonly cursors = new Map<string, StreamCursor>();
  /** Streams that may have something to read, the longest waiting first. */
  private readonly ready = new Set<StreamCursor>();

  constructor(private readonly options: StreamReaderOptions) {}

  get hasReady(): boolean {
    return this.ready.size > 0;
  }

  /** There is something new in a stream. */
  offer(stream: StreamChunks, route: Route): void {
    const { rewindTo } = stream;
    const known = this.cursors.get(stream.id);
    if (known !== undefined && rewindTo !== undefined && known.position.chunk > rewindTo) {
      known.isRewound = true;
      this.withdraw(stream);
    }
    const cursor = this.cursorOf(stream, route);
    if (cursor !== undefined) this.ready.add(cursor);
  }

  /** The stream is gone, or no longer for this destination. */
  withdraw(stream: StreamChunks): void {
    const cursor = this.cursors.get(stream.id);
    if (cursor === undefined) return;
    this.cursors.delete(stream.id);
    this.ready.delete(cursor);
  }

  /**
   * Adds to `batch` until it is full, nothing is left to read or the time is over.
   *
   * @param milliseconds - how long to go on
   */
  fill(batch: ReadBatch, milliseconds: number): void {
    const deadline = performance.now() + milliseconds;
    for (const cursor of this.ready) {
      if (batch.isFull || performance.now() > deadline) return;
      // To the end of the queue, if there is more.
      this.ready.delete(cursor);
      if (this.turn(cursor, batch)) this.ready.add(cursor);
    }
  }

  private cursorOf(stream: StreamChunks, route: Route): StreamCursor | undefined {
    const known = this.cursors.get(stream.id);
    if (known?.stream === stream && known.route === route) return known;
    const [oldest] = stream.names;
    if (oldest === undefined) return undefined;
    const position = known?.stream === stream ? known.position : this.options.acknowledged(stream);
    const limit = route.rate === undefined ? undefined : new RateLimit(route.rate);
    const cursor = new StreamCursor(stream, route, limit, position ?? startOf(oldest));
    this.withdraw(stream);
    this.cursors.set(stream.id, cursor);
    return cursor;
  }

  /** @returns whether the stream has more */
  private turn(cursor: StreamCursor, batch: ReadBatch): boolean {
    try {
      return this.read(cursor, batch);
    } catch (error) {
      this.options.onUnreadable(cursor.stream, error);
      this.options.inventory.watch(cursor.stream, -1);
      return false;
    }
  }

  private read(cursor: StreamCursor, batch: ReadBatch): boolean {
    const left = Math.max(batch.wantedBytes - batch.used, 1);
    const budget = Math.min(turnBytes, batch.wantedBytes);
    const first = batch.count;
    // A few bytes at the end of a batch would only find that no line ends in them.
    let window = this.window(cursor, batch, Math.max(Math.min(budget, left), Math.min(budget, 16 * 1024)));
    let cut = this.cut(cursor, window, batch);
    if (cut.consumed === window.start && window.ending === 'more' && window.end - window.start < longestWindow) {
      // However many chunks it takes: one record may lie in hundreds of them.
      window = this.window(cursor, batch, longestWindow, Number.POSITIVE_INFINITY);
      cut = this.cut(cursor, window, batch);
    }
    const position = positionAt(window, cut.consumed, cut.part);
    if (!isSamePosition(position, cursor.position)) {
      cursor.position = position;
      batch.close(cursor, window, first, cut.used, position);
    }
    if (window.ending === 'more' || (cut.consumed < window.end && batch.count >= batch.capacity)) return true;
    this.settle(cursor, window);
    return false;
  }

  private window(
    { stream, position }: StreamCursor,
    batch: ReadBatch,
    length: number,
    maxChunks?: number,
  ): StreamWindow {
    return this.options.windows.read(stream, position, batch.memory, batch.used, length, maxChunks);
  }

  private cut({ route, rateLimit }: StreamCursor, window: StreamWindow, batch: ReadBatch): Cut {
    const { maker, now, endsHere } = this.options;
    const { boundary } = route;
    if (boundary !== lineBoundary) batch.spansLines();
    if (rateLimit === undefined) return cutRecords(batch, window, { boundary, endsHere, admit: undefined });
    const timeAt = maker.timesOf(window.segments);
    const admit = (index: number) => rateLimit.admits(timeAt(index) ?? now());
    return cutRecords(batch, window, { boundary, endsHere, admit });
  }

  /** Everything was read that is there. */
  private settle(cursor: StreamCursor, window: StreamWindow): void {
    const { inventory, onIdle } = this.options;
    if (window.ending === 'live') inventory.watch(cursor.stream, window.liveSize);
    onIdle(cursor.stream);
  }
}
