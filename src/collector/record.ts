/**
 * A record: one line of a log, or one multi-line record, with what is known about it.
 *
 * Guarantees: plain data that sinks, formats and parsers share. The message is bytes: a log may hold anything, and what is
 * not UTF-8 must arrive unchanged. Does not know where it is delivered to.
 */

/** Who wrote a stretch of bytes, as `meta/` tells. */
export interface Writer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of uid and gid on this host; the number as text where there is none. */
  readonly user: string;
  readonly group: string;
  /** Command line, arguments separated by spaces. Empty where the process had ended before it could be asked. */
  readonly command: string;
}

/** A line above the longest that is carried whole comes in parts. */
export interface Part {
  /** 0 for the first part. */
  readonly index: number;
  readonly isLast: boolean;
}

/** What a parser has found in a message, and what the configuration adds: JSON values. */
export type Fields = Readonly<Record<string, unknown>>;

export interface LogRecord {
  /**
   * `<stream>.<seconds>.<7 digits>:<offset>`: the chunk's name without `.log`, and the byte at which the record begins. The same
   * record has the same id however often it is delivered.
   */
  readonly id: string;
  /** md5 of the log's path. */
  readonly stream: string;
  /** File name of the chunk in `logs/`. */
  readonly chunk: string;
  /** Of the record's first byte in the chunk. */
  readonly offset: number;
  /** Bytes of the chunk that the record stands for, its newline included. */
  readonly length: number;
  /** Full path of the log under the mountpoint. Where `meta/` lacks it: empty. */
  readonly path: string;
  readonly host: string;
  /** When it was written, in nanoseconds since 1970 (UTC). Where `meta/` lacks it: the chunk's own time. */
  readonly time: bigint;
  readonly writer: Writer | undefined;
  /** The message without its last newline. Valid until the batch is acknowledged; never changed. */
  readonly message: Buffer;
  readonly part: Part | undefined;
  /** Of the configuration and of the parser. */
  readonly fields: Fields;
  readonly tags: readonly string[];
  /** Why the route's parser could make nothing of the message; the message is whole nevertheless. */
  readonly parseError: string | undefined;
}
