/**
 * `protobuf`: `etc/record.proto`, each record behind its length as a varint (protobuf's writeDelimitedTo).
 *
 * Guarantees: nothing is lost; the message is bytes. Numbers in fields are doubles.
 */
import protobuf from 'protobufjs/light.js';
import type { LogRecord } from '../record.js';
import type { BatchFormat } from './format.js';
import { recordDescriptor } from './record-descriptor.js';
import { rememberLast } from './remember-last.js';
import { structOf } from './struct-value.js';
import { splitTime } from './time-text.js';

export const protobufDelimited: BatchFormat = {
  name: 'protobuf',
  contentType: 'application/x-protobuf',
  encode: (record) => encode([record]),
  encodeBatch: encode,
};

const type = protobuf.Root.fromJSON(recordDescriptor).resolveAll().lookupType('logagg.LogRecord');
const fieldsOf = rememberLast(structOf);

function encode(records: readonly LogRecord[]): Buffer {
  const writer = protobuf.Writer.create();
  for (const record of records) type.encodeDelimited(messageOf(record), writer);
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function messageOf(record: LogRecord): Record<string, unknown> {
  const { seconds, nanoseconds } = splitTime(record.time);
  const { id, host, path, message, writer, chunk, offset, fields, tags, part, parseError } = record;
  const time = { seconds, nanos: nanoseconds };
  return { id, time, host, path, message, writer, chunk, offset, fields: fieldsOf(fields), tags, part, parseError };
}
