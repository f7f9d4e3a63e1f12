/**
 * A batch as it is read: bytes of several streams one behind the other, and where the records in them are.
 *
 * Guarantees: its memory is allocated once and used again for the next batch; records are made only when a sink asks for
 * them, and {@link ReadBatch.lines} spares even that. Knows how far each stream will have come once it is acknowledged.
 * Everything that it has handed out is void after {@link ReadBatch.reset}.
 */
import type { Position } from './position.js';
import type { LogRecord, Part } from './record.js';
import type { Batch } from './sinks/sink.js';
import type { StreamCursor } from './stream-cursor.js';
import type { Segment, StreamWindow } from './stream-window.js';

/**
 * So many records at most, so that memory is bounded for empty lines as well. Far more where they are not made, or are as
 * small as their messages.
 */
const maxRecords = 4_096;
const maxRawRecords = 16_384;

/** Records that come from one window. */
export interface BatchPart {
  readonly cursor: StreamCursor;
  readonly segments: readonly Segment[];
  /** Indices of its records. */
  readonly first: number;
  readonly behind: number;
}

/** Makes records of the places where they are. */
export type MakeRecords = (batch: ReadBatch) => LogRecord[];

export class ReadBatch implements Batch {
  readonly memory: Buffer;
  /** Most records that it can hold. */
  readonly capacity: number;
  /** Bytes of {@link memory} in use. */
  used = 0;
  /** Number of records. */
  count = 0;
  /** Bytes of all messages. */
  bytes = 0;
  /** Records that a rate limit has kept out. */
  dropped = 0;
  /** By record: indices in {@link memory} of the message, and how many bytes of the chunks it stands for. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly lengths: Int32Array;
  readonly partMarks = new Map<number, Part>();
  readonly parts: BatchPart[] = [];
  /** How far each stream has come with this batch. */
  readonly progress = new Map<StreamCursor, Position>();
  /** Whether every byte in use belongs to a message or is the one newline behind it. */
  private isPlain = true;
  private made: LogRecord[] | undefined;

  /**
   * @param wantedBytes - the batch is full once it has about so many
   * @param room - so many more may come in one go
   * @param isRaw - whether messages are delivered as they are
   */
  constructor(
    readonly wantedBytes: number,
    room: number,
    isRaw: boolean,
    private readonly makeRecords: MakeRecords,
  ) {
    this.capacity = isRaw ? maxRawRecords : maxRecords;
    this.starts = new Int32Array(this.capacity);
    this.ends = new Int32Array(this.capacity);
    this.lengths = new Int32Array(this.capacity);
    this.memory = Buffer.allocUnsafeSlow(wantedBytes + room);
  }

  get isFull(): boolean {
    return this.used >= this.wantedBytes || this.count >= this.capacity;
  }

  get isEmpty(): boolean {
    return this.progress.size === 0;
  }

  get records(): readonly LogRecord[] {
    this.made ??= this.makeRecords(this);
    return this.made;
  }

  get lines(): Buffer | undefined {
    return this.isPlain ? this.memory.subarray(0, this.used) : undefined;
  }

  /** The message of a record. */
  message(index: number): Buffer {
    return this.memory.subarray(this.starts[index], this.ends[index]);
  }

  addRecord(start: number, end: number, length: number, part?: Part): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.lengths[this.count] = length;
    if (part !== undefined) {
      this.partMarks.set(this.count, part);
      this.isPlain = false;
    }
    this.count++;
    this.bytes += end - start;
  }

  /** A record is passed over. */
  drop(): void {
    this.dropped++;
    this.isPlain = false;
  }

  /** Its messages contain newlines. */
  spansLines(): void {
    this.isPlain = false;
  }

  /** Ends what was read of one window. @param used - end of what belongs to the batch */
  close(cursor: StreamCursor, window: StreamWindow, first: number, used: number, position: Position): void {
    this.used = used;
    if (this.count > first) this.parts.push({ cursor, segments: window.segments, first, behind: this.count });
    this.progress.set(cursor, position);
  }

  /** Empties it for the next one. */
  reset(): void {
    this.used = this.count = this.bytes = this.dropped = 0;
    this.partMarks.clear();
    this.parts.length = 0;
    this.progress.clear();
    this.isPlain = true;
    this.made = undefined;
  }
}
