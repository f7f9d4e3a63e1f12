/**
 * `text`: `date: path: line`, for people and grep.
 *
 * Guarantees: every line begins with the date and path, so those of a multi-line record do as well; the message's bytes are
 * unchanged. Control characters of a path are written in octal (`\012`), as ls(1) does, so that a path is never several lines.
 */
import type { LogRecord } from '../record.js';
import { ByteWriter } from './byte-writer.js';
import type { BatchFormat } from './format.js';
import { rememberLast } from './remember-last.js';
import { millisecondText } from './time-text.js';

export const text: BatchFormat = {
  name: 'text',
  contentType: 'text/plain',
  encode: (record) => encode([record]),
  encodeBatch: encode,
};

const printablePath = rememberLast((path: string) =>
  path.replace(/\p{Cc}/gu, (character) => Array.from(Buffer.from(character), octal).join('')),
);

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}

function encode(records: readonly LogRecord[]): Buffer {
  const writer = ByteWriter.for(records);
  for (const { time, path, message } of records) {
    const prefix = `${millisecondText(time)}: ${printablePath(path)}: `;
    for (let start = 0; start <= message.length; ) {
      const found = message.indexOf('\n', start);
      const end = found === -1 ? message.length : found;
      writer.text(prefix);
      writer.bytes(message.subarray(start, end));
      writer.text('\n');
      start = end + 1;
    }
  }
  return writer.finish();
}
