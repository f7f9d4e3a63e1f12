/**
 * A format whose records are lines of text.
 *
 * Guarantees: UTF-8, each record ended by a newline; a batch is written to memory once. Knows nothing of what is in a line.
 */
import type { LogRecord } from '../record.js';
import { ByteWriter } from './byte-writer.js';
import type { BatchFormat, FormatName } from './format.js';

export class LineFormat implements BatchFormat {
  readonly name: FormatName;
  readonly contentType: string;
  private readonly line: (record: LogRecord) => string;

  /** @param line - the record's text without its last newline, and without any other */
  constructor(name: FormatName, contentType: string, line: (record: LogRecord) => string) {
    this.name = name;
    this.contentType = contentType;
    this.line = line;
  }

  encode(record: LogRecord): Buffer {
    return Buffer.from(`${this.line(record)}\n`);
  }

  encodeBatch(records: readonly LogRecord[]): Buffer {
    const writer = ByteWriter.for(records);
    for (const record of records) writer.text(`${this.line(record)}\n`);
    return writer.finish();
  }
}
