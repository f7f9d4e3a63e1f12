/**
 * What delivers records to one destination.
 *
 * Guarantees that an implementation gives: a resolved {@link Sink.deliver} means that the destination has the whole batch (as
 * far as its protocol can tell). What it rejects with says whether trying again can help. One `deliver` at a time; the
 * delivery loop waits for it, and that is the back-pressure. A sink never retries by itself, never drops, never logs
 * credentials.
 */
import type { LogRecord } from '../record.js';

/** Records of one stream or of several, in order within each stream. Never empty. */
export interface Batch {
  readonly records: readonly LogRecord[];
  /** How many there are, where that is known without making them. */
  readonly count?: number;
  /** Bytes of all messages. */
  readonly bytes: number;
  /**
   * What the format `raw` makes of the batch, as one piece: each message with a newline behind it. There where that is how
   * the batch was read; a sink that uses it need not look at {@link Batch.records}, which are then never made.
   */
  readonly lines?: Buffer | undefined;
}

export interface Sink {
  /** How it is shown in logs and status: its URL without credentials. */
  readonly name: string;
  /**
   * @param signal - aborted when the collector ends; the promise then rejects soon
   * @throws SinkError; any other error is a defect and is treated as a temporary failure
   */
  deliver(batch: Batch, signal: AbortSignal): Promise<void>;
  /** Closes connections and files. After it nothing is delivered. */
  close(): Promise<void>;
}

/** Why a batch was not delivered. */
export class SinkError extends Error {
  override readonly name = 'SinkError';

  /**
   * @param message - one line without credentials
   * @param retry - `later`: the destination can't now, the same batch may succeed; `never`: it has refused these records for
   *   good (listed in `refused`), and sending them again would be refused again
   * @param refused - indices in the batch of the records that it refused; all others were accepted. With `later` too: only
   *   those need to be sent again. Undefined: none of the batch is known to be accepted
   */
  constructor(
    message: string,
    readonly retry: 'later' | 'never',
    readonly refused?: readonly number[],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
