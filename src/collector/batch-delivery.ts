/**
 * Delivering one batch, for as long as it takes.
 *
 * Guarantees: returns only when the destination has every record of the batch, or has refused it for good: such a record is
 * counted, reported and passed over. Temporary failures are tried again for ever, with growing pauses; of a batch that was
 * accepted in part only the rest is sent again. A batch that is refused as a whole is halved until the records at fault are
 * found, so that one bad record costs no other. A signal ends it; then nothing is known about the batch.
 */
import { Backoff } from './backoff.js';
import { pause } from './pause.js';
import type { ProblemLog } from './problem-log.js';
import type { LogRecord } from './record.js';
import { type Batch, type Sink, SinkError } from './sinks/sink.js';

/** What has happened at a destination so far. */
export interface DeliveryCounters {
  /** Records that were handed to the destination, each time they were. */
  sent: number;
  /** Records that it has acknowledged, and those that it has refused. */
  records: number;
  bytes: number;
  /** Attempts that failed and were repeated. */
  retries: number;
  /** Records that the destination does not take. */
  refused: number;
  /** Last failure while the destination can't be reached; undefined when all is well. */
  failure: string | undefined;
}

export function newCounters(): DeliveryCounters {
  return { sent: 0, records: 0, bytes: 0, retries: 0, refused: 0, failure: undefined };
}

/** The delivery was ended by its signal. */
export class DeliveryAborted extends Error {}

/** Nobody reads our standard output any more. */
export class OutputClosed extends Error {}

export class BatchDelivery {
  private readonly backoff: Backoff;

  constructor(
    private readonly sink: Sink,
    private readonly name: string,
    private readonly counters: DeliveryCounters,
    private readonly problems: ProblemLog,
    random?: () => number,
    private readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void> = pause,
  ) {
    this.backoff = new Backoff(random);
  }

  /** @throws DeliveryAborted; OutputClosed */
  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    let rest = batch;
    for (;;) {
      if (signal.aborted) throw new DeliveryAborted();
      const error = await this.attempt(rest, signal);
      if (error === undefined) return this.succeeded();
      if (signal.aborted) throw new DeliveryAborted();
      if (this.sink.name === 'stdout:' && isBrokenPipe(error)) throw new OutputClosed();
      if (error.retry === 'never') return this.refused(rest, error, signal);
      if (error.refused !== undefined) rest = pick(rest, error.refused);
      if (rest.records.length === 0) return this.succeeded();
      await this.postpone(error, signal);
    }
  }

  private async attempt(batch: Batch, signal: AbortSignal): Promise<SinkError | undefined> {
    this.counters.sent += batch.count ?? batch.records.length;
    try {
      await this.sink.deliver(batch, signal);
      return undefined;
    } catch (error) {
      if (error instanceof SinkError) return error;
      const message = error instanceof Error ? error.message : String(error);
      return new SinkError(`internal error: ${message}`, 'later', undefined, { cause: error });
    }
  }

  private succeeded(): void {
    this.backoff.reset();
    if (this.counters.failure === undefined) return;
    this.counters.failure = undefined;
    this.problems.over(`delivery ${this.name}`);
  }

  private async postpone(error: SinkError, signal: AbortSignal): Promise<void> {
    this.counters.retries++;
    this.counters.failure = error.message;
    const { name } = this;
    this.problems.report(
      `delivery ${name}`,
      { destination: name, reason: error.message },
      'delivery fails, will retry',
    );
    await this.wait(this.backoff.next(), signal);
  }

  private async refused(batch: Batch, error: SinkError, signal: AbortSignal): Promise<void> {
    this.succeeded();
    const { records } = batch;
    if (error.refused !== undefined) return this.passOver(error.refused.length, error);
    if (records.length <= 1) return this.passOver(records.length, error);
    const middle = records.length >>> 1;
    await this.deliver(batchOf(records.slice(0, middle)), signal);
    await this.deliver(batchOf(records.slice(middle)), signal);
  }

  private passOver(count: number, error: SinkError): void {
    this.counters.refused += count;
    const details = { destination: this.name, reason: error.message };
    this.problems.report(`refusal ${this.name}`, details, 'records refused for good are passed over', count);
  }
}

function pick({ records }: Batch, indices: readonly number[]): Batch {
  return batchOf(indices.flatMap((index) => records[index] ?? []));
}

function batchOf(records: readonly LogRecord[]): Batch {
  return { records, bytes: records.reduce((sum, { message }) => sum + message.length, 0) };
}

function isBrokenPipe(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'EPIPE') || isBrokenPipe(error.cause);
}
