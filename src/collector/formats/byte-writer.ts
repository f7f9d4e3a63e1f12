/**
 * Bytes of many records one after the other in one piece of memory, which grows as needed.
 *
 * Guarantees: one allocation when the estimate was right. What {@link ByteWriter.finish} returns is never written again.
 */
import type { LogRecord } from '../record.js';

/** Of a UTF-16 code unit in UTF-8. */
const longestCharacter = 3;
/** Bytes of a formatted record without its message, roughly. */
const usualOverhead = 768;

export class ByteWriter {
  private memory: Buffer;
  private length = 0;

  /** @param bytes - estimate of what will be written */
  constructor(bytes: number) {
    this.memory = Buffer.allocUnsafe(bytes);
  }

  static for(records: readonly LogRecord[]): ByteWriter {
    let bytes = records.length * usualOverhead;
    for (const { message } of records) bytes += message.length;
    return new ByteWriter(bytes);
  }

  /** As UTF-8. */
  text(text: string): void {
    this.reserve(text.length * longestCharacter);
    this.length += this.memory.write(text, this.length);
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.memory.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** All that was written. Nothing may be written afterwards. */
  finish(): Buffer {
    return this.memory.subarray(0, this.length);
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.memory.length) return;
    const larger = Buffer.allocUnsafe(2 * needed);
    larger.set(this.memory.subarray(0, this.length));
    this.memory = larger;
  }
}
