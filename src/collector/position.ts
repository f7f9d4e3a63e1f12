/**
 * How far a destination has come in a stream.
 *
 * Guarantees: everything of the stream before a position has been acknowledged by its destination. Chunk names of one
 * stream sort in the order of their creation, so that positions can be compared. Plain data.
 */

export interface Position {
  /** File name of a chunk. */
  readonly chunk: string;
  /** The first byte of the chunk that was not acknowledged. */
  readonly offset: number;
  /** Above 0 within a record that is too long to be carried whole: the index of its next part. */
  readonly part: number;
}

export function startOf(chunk: string): Position {
  return { chunk, offset: 0, part: 0 };
}

export function isSamePosition(a: Position, b: Position): boolean {
  return a.chunk === b.chunk && a.offset === b.offset && a.part === b.part;
}
