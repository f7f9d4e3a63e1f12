/**
 * Batches of records for tests of sinks, and formats that are as plain as can be.
 *
 * Guarantees: nothing depends on the real formats or on chunks; ids are distinct within a batch.
 */
import type { Format, FormatName } from '../../src/collector/formats/format.js';
import type { LogRecord } from '../../src/collector/record.js';
import { openSink, type SinkOptions } from '../../src/collector/sinks/open-sink.js';
import { type Batch, type Sink, SinkError } from '../../src/collector/sinks/sink.js';

const stream = '0'.repeat(32);
const chunk = `${stream}.1795230645.0000001`;

export function recordOf(message: string | Buffer, index = 0): LogRecord {
  const bytes = Buffer.from(message);
  return {
    ...{ id: `${chunk}:${index}`, stream, chunk: `${chunk}.log`, offset: index, length: bytes.length + 1 },
    ...{ path: '/var/log/app.log', host: 'web1', time: 1_795_230_645_000_000_000n, writer: undefined },
    ...{ message: bytes, part: undefined, fields: {}, tags: [], parseError: undefined },
  };
}

export function batchOf(...messages: readonly (string | Buffer)[]): Batch {
  const records = messages.map(recordOf);
  return { records, bytes: records.reduce((sum, { message }) => sum + message.length, 0) };
}

/** Numbered messages, in batches of at most so many. */
export function numberedBatches(count: number, perBatch: number, text: (number: number) => string): Batch[] {
  const messages = Array.from({ length: count }, (_, number) => text(number));
  const batches: Batch[] = [];
  for (let from = 0; from < count; from += perBatch) batches.push(batchOf(...messages.slice(from, from + perBatch)));
  return batches;
}

const encoders: Readonly<Partial<Record<FormatName, readonly [type: string, text: (record: LogRecord) => string]>>> = {
  raw: ['application/octet-stream', ({ message }) => message.toString('latin1')],
  text: ['text/plain', ({ path, message }) => `${path}: ${message.toString('latin1')}`],
  ndjson: ['application/x-ndjson', ({ id, message }) => JSON.stringify({ id, message: message.toString('utf8') })],
  syslog: ['application/syslog', ({ message }) => `<13>1 - web1 app - - - ${message.toString('latin1')}`],
  protobuf: ['application/x-protobuf', ({ message }) => message.toString('latin1')],
};

export function formatOf(name: FormatName): Format {
  const [contentType, text] = encoders[name] ?? [];
  if (contentType === undefined || text === undefined) throw new Error(`the tests have no format ${name}`);
  const encoding = name === 'ndjson' ? 'utf8' : 'latin1';
  const end = name === 'protobuf' ? '' : '\n';
  return { name, contentType, encode: (record) => Buffer.from(`${text(record)}${end}`, encoding) };
}

export function sinkOf(url: string, format: FormatName, options: Partial<SinkOptions> = {}): Sink {
  return openSink(url, { host: 'web1', format: formatOf(format), ...options });
}

/** Delivers, with a signal that nobody aborts unless given. */
export function deliver(sink: Sink, batch: Batch, signal = new AbortController().signal): Promise<void> {
  return sink.deliver(batch, signal);
}

/** The error of a delivery that must fail. */
export async function refusal(sink: Sink, batch: Batch, signal?: AbortSignal): Promise<SinkError> {
  const outcome = await deliver(sink, batch, signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof SinkError) return outcome;
  throw new Error(outcome === undefined ? 'the batch was delivered' : `no SinkError: ${String(outcome)}`);
}
