/**
 * The bytes of a whole batch.
 *
 * Guarantees: the same bytes as the format gives for each record, one after the other, without a copy where the batch
 * already has them.
 */
import type { BatchFormat, Format, FormatName } from '../formats/format.js';
import type { Batch } from './sink.js';

const newline = 0x0a;
const comma = 0x2c;

/** Formats of which a record is one line of JSON. */
const jsonFormats: readonly FormatName[] = ['ndjson', 'logstash', 'logstash_base64', 'logagg'];

export function isJson({ name }: Format): boolean {
  return jsonFormats.includes(name);
}

/** Whether records end with a newline. Only then can a torn one be told from the next. */
export function isLines({ name }: Format): boolean {
  return name !== 'protobuf';
}

export function payloadOf(batch: Batch, format: Format): Buffer {
  if (format.name === 'raw' && batch.lines !== undefined) return batch.lines;
  const { records } = batch;
  return isBatchFormat(format)
    ? format.encodeBatch(records)
    : Buffer.concat(records.map((record) => format.encode(record)));
}

function isBatchFormat(format: Format): format is BatchFormat {
  return 'encodeBatch' in format;
}

/** One JSON array of lines of JSON. There is no newline inside of a line: JSON writes it as `\n`. */
export function jsonArray(lines: Buffer): Buffer {
  const array = Buffer.allocUnsafe(lines.length + 1);
  array[0] = 0x5b;
  lines.copy(array, 1);
  for (let at = array.indexOf(newline, 1); at !== -1; at = array.indexOf(newline, at + 1)) array[at] = comma;
  array[array.length - 1] = 0x5d;
  return array;
}
