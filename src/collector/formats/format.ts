/**
 * How a record becomes bytes.
 *
 * Guarantees that an implementation gives: pure; the bytes of a record depend on the record alone. No message fails to be
 * formatted, whatever its bytes are. One record is one line, also when its message has several; only `raw` and `text` keep
 * a multi-line record's newlines, and `protobuf` has no lines at all.
 */
import type { LogRecord } from '../record.js';

export interface Format {
  /** Name on the command line and in the configuration. */
  readonly name: FormatName;
  /** MIME type of one record. */
  readonly contentType: string;
  /** The record's bytes, with what separates it from the next one (newline, or length in front). */
  encode(record: LogRecord): Buffer;
}

/** A format that makes many records into bytes at once, in a fraction of the time. */
export interface BatchFormat extends Format {
  /** The same bytes as `encode` gives for each record, one after the other. */
  encodeBatch(records: readonly LogRecord[]): Buffer;
}

export const formatNames = [
  'raw',
  'text',
  'ndjson',
  'logstash',
  'logstash_base64',
  'logagg',
  'syslog',
  'protobuf',
] as const;

export type FormatName = (typeof formatNames)[number];
