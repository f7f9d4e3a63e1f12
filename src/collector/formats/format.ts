/**
 * How a record becomes bytes.
 *
 * Guarantees that an implementation gives: pure; the bytes of a record depend on the record alone; formats that end in a
 * newline contain no other one. No message fails to be formatted, whatever its bytes are.
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
