/**
 * Where a syslog message ends on a byte stream, and what is a message at all.
 *
 * Guarantees: the bytes of a message are unchanged. With octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3) any byte may be part of
 * it. With a newline behind each (RFC 6587, 3.4.2) a newline inside of a message ends it for the receiver; the format `syslog`
 * writes none, the format `raw` does for multi-line records.
 */
import type { Format } from '../formats/format.js';
import { payloadOf } from './payload.js';
import type { Batch } from './sink.js';
import type { SinkUrl } from './sink-url.js';

export const framings = ['newline', 'octet'] as const;
export type Framing = (typeof framings)[number];

const newline = 0x0a;
const space = 0x20;
/** Digits of a length, and the space behind it. */
const prefixRoom = 12;

/** @throws LogaggError LOGAGG_OPTION_VALUE for formats that give no syslog messages; `raw` is sent as it was captured */
export function requireSyslog(url: SinkUrl, { name }: Format): void {
  if (name !== 'syslog' && name !== 'raw') url.refuse(`takes the format syslog (or raw), not ${name}`);
}

/** One record without what separates it from the next one. */
export function messageOf(batch: Batch, index: number, format: Format): Buffer {
  const record = batch.records[index];
  if (record === undefined) return Buffer.alloc(0);
  if (format.name === 'raw') return record.message;
  const line = format.encode(record);
  return line.at(-1) === newline ? line.subarray(0, -1) : line;
}

export function frame(batch: Batch, format: Format, framing: Framing): Buffer {
  return framing === 'newline' ? payloadOf(batch, format) : countOctets(batch, format);
}

function countOctets(batch: Batch, format: Format): Buffer {
  const messages = batch.records.map((_, index) => messageOf(batch, index, format));
  const framed = Buffer.allocUnsafe(messages.reduce((sum, { length }) => sum + length + prefixRoom, 0));
  let end = 0;
  for (const message of messages) {
    // RFC 6587 has no message of length zero, and a receiver takes a 0 for the beginning of an unframed one.
    if (message.length === 0) continue;
    end += framed.write(String(message.length), end, 'latin1');
    framed[end++] = space;
    end += message.copy(framed, end);
  }
  return framed.subarray(0, end);
}
