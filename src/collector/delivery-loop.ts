/**
 * One destination: reads what it has not got, delivers it, remembers that.
 *
 * Guarantees: one batch at a time; progress is kept only once the destination has acknowledged the batch. Independent of
 * other destinations: one that is away holds one batch in memory and reads the rest from the chunks later. A batch waits
 * for more up to `batchMilliseconds`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatchDelivery, DeliveryAborted, type DeliveryCounters, newCounters } from './batch-delivery.js';
import type { Checkpoint } from './checkpoint.js';
import type { Position } from './position.js';
import type { ProblemLog } from './problem-log.js';
import { type MakeRecords, ReadBatch } from './read-batch.js';
import type { Route } from './routes.js';
import type { Sink } from './sinks/sink.js';
import type { StreamChunks } from './stream-chunks.js';
import type { StreamCursor } from './stream-cursor.js';
import { batchRoom, type StreamReader } from './stream-reader.js';

/** Milliseconds of reading in one go; then timers, signals and other destinations have their turn. */
const sliceMilliseconds = 10;
const longestWait = 60_000;

export interface DeliveryLoopOptions {
  /** Name of the destination. */
  readonly name: string;
  readonly sink: Sink;
  readonly reader: StreamReader;
  readonly checkpoint: Checkpoint;
  readonly makeRecords: MakeRecords;
  /** Whether its format is `raw`. */
  readonly isRaw: boolean;
  readonly batchBytes: number;
  readonly batchMilliseconds: number;
  /** End when there is nothing left to read. */
  readonly once: boolean;
  readonly problems: ProblemLog;
  /** A stream was acknowledged up to somewhere. */
  readonly onProgress: (streams: Iterable<StreamChunks>) => void;
}

export class DeliveryLoop {
  readonly counters: DeliveryCounters = newCounters();
  /** Records that rate limits have kept out. */
  dropped = 0;
  /** Bytes of chunks that are done with. */
  consumed = 0;
  private readonly batch: ReadBatch;
  private readonly delivery: BatchDelivery;
  private isStopping = false;
  private isClosed = false;
  /** Ends an attempt to deliver that is under way. */
  private readonly abandoning = new AbortController();
  /** Ends the wait for something to read. */
  private wake: () => void = () => undefined;

  constructor(private readonly options: DeliveryLoopOptions) {
    const { sink, name, problems, makeRecords, batchBytes, isRaw } = options;
    this.batch = new ReadBatch(batchBytes, batchRoom, isRaw, makeRecords);
    this.delivery = new BatchDelivery(sink, name, this.counters, problems);
  }

  get name(): string {
    return this.options.name;
  }

  /** Its URL without credentials. */
  get sinkName(): string {
    return this.options.sink.name;
  }

  get checkpoint(): Checkpoint {
    return this.options.checkpoint;
  }

  /** There is something new in a stream. */
  offer(stream: StreamChunks, route: Route): void {
    this.options.reader.offer(stream, route);
    this.wake();
  }

  withdraw(stream: StreamChunks): void {
    this.options.reader.withdraw(stream);
  }

  /** Delivers until it is stopped, or (`once`) until everything is delivered. */
  async run(): Promise<void> {
    try {
      while (await this.fill()) {
        if (this.batch.count > 0) await this.delivery.deliver(this.batch, this.abandoning.signal);
        // A sink that did not heed its signal: somebody else keeps the progress by now.
        if (this.isClosed) return;
        this.acknowledge();
        this.batch.reset();
        await nextTurn();
      }
    } catch (error) {
      if (!(error instanceof DeliveryAborted)) throw error;
    }
  }

  /** Takes nothing new; the batch in flight may go on. */
  stop(): void {
    this.isStopping = true;
    this.wake();
  }

  /** Gives up the batch in flight: it is delivered again next time. */
  abandon(): void {
    this.stop();
    this.abandoning.abort();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.options.sink.close();
    await this.options.checkpoint.close();
  }

  /** Reads the next batch. @returns false when there is none to come */
  private async fill(): Promise<boolean> {
    const { reader, batchMilliseconds, once } = this.options;
    const { batch } = this;
    let deadline = Number.POSITIVE_INFINITY;
    for (;;) {
      if (this.isStopping) return false;
      reader.fill(batch, sliceMilliseconds);
      if (batch.isFull) return true;
      if (reader.hasReady) {
        await nextTurn();
        continue;
      }
      if (once) return !batch.isEmpty;
      if (!batch.isEmpty && batch.count === 0) return true;
      const now = performance.now();
      if (!batch.isEmpty) deadline = Math.min(deadline, now + batchMilliseconds);
      if (deadline <= now) return true;
      await this.newsWithin(Math.min(deadline - now, longestWait));
    }
  }

  private newsWithin(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private acknowledge(): void {
    const { checkpoint, problems, onProgress } = this.options;
    const { batch, counters } = this;
    counters.records += batch.count;
    counters.bytes += batch.bytes;
    this.dropped += batch.dropped;
    this.consumed += batch.used;
    if (batch.dropped > 0) {
      problems.report(
        `rate ${this.name}`,
        { destination: this.name },
        'records over the rate are dropped',
        batch.dropped,
      );
    }
    try {
      checkpoint.commit(positionsOf(batch.progress));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.report(`checkpoint ${this.name}`, { destination: this.name, reason }, "progress can't be written");
    }
    onProgress([...batch.progress.keys()].map(({ stream }) => stream));
  }
}

function* positionsOf(progress: ReadonlyMap<StreamCursor, Position>): Iterable<readonly [string, Position]> {
  // A stream whose last chunk was removed meanwhile needs no state.
  for (const [{ stream, isRewound }, position] of progress) {
    if (stream.names.length > 0 && !isRewound) yield [stream.id, position];
  }
}
