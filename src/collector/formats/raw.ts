/**
 * `raw`: the message and a newline.
 *
 * Guarantees: the bytes of the log as they were written. A multi-line record has the newlines that it had in the log; the
 * parts of a line that was too long are lines of their own; a last line without a newline gets one.
 */
import type { LogRecord } from '../record.js';
import type { BatchFormat } from './format.js';

const newline = 0x0a;

export const raw: BatchFormat = {
  name: 'raw',
  contentType: 'application/octet-stream',
  encode: (record) => encode([record]),
  encodeBatch: encode,
};

function encode(records: readonly LogRecord[]): Buffer {
  let length = records.length;
  for (const { message } of records) length += message.length;
  const bytes = Buffer.allocUnsafe(length);
  let position = 0;
  for (const { message } of records) {
    bytes.set(message, position);
    position += message.length;
    bytes[position] = newline;
    position += 1;
  }
  return bytes;
}
