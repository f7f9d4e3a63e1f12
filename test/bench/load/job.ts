/**
 * What a writer of the benchmark can be told to do.
 *
 * Guarantees: plain data, which goes to the writer as a message. Paths are absolute; sizes and offsets are bytes.
 */

/** When a timed loop ends: whichever comes first. */
export interface Limit {
  /** Milliseconds. */
  readonly time: number;
  readonly operations: number;
}

/** Appends to files in turn, one write(2) an operation. */
export interface AppendJob {
  readonly kind: 'append';
  readonly paths: readonly string[];
  /** Files that get the same bytes by a second write(2), one for each of `paths`. */
  readonly copies?: readonly string[];
  readonly size: number;
  /** Writes before the first timed stretch. */
  readonly warmUp: number;
  /** Passes over all files before each timed stretch. */
  readonly passes?: number;
  /** Milliseconds to sleep after each write. */
  readonly pause?: number;
  /** Leave the files in place afterwards. */
  readonly keep?: boolean;
  readonly limit: Limit;
}

/** Reads the first `length` bytes of a file again and again, each pass through a new open. */
export interface ReadJob {
  readonly kind: 'read';
  readonly how: 'sequential' | 'random' | 'mmap';
  readonly path: string;
  readonly length: number;
  /** Bytes that one operation reads. */
  readonly size: number;
  readonly limit: Limit;
}

/** stat(2) of `0.log`, `1.log`, … in a folder, in rounds; with `warmUp` rounds before the timed stretch. */
export interface StatJob {
  readonly kind: 'stat';
  readonly path: string;
  readonly files: number;
  readonly warmUp: number;
  readonly limit: Limit;
}

/** Opens and closes; creates, closes and unlinks; or lists a directory to its end. */
export interface EntryJob {
  readonly kind: 'open-read' | 'open-append' | 'create' | 'list';
  readonly path: string;
  readonly limit: Limit;
}

export type Job = AppendJob | ReadJob | StatJob | EntryJob;

/** Name of one of the files that a stat job looks at. */
export const statFileName = (index: number): string => `${index}.log`;

/** What a job measured. Times are microseconds of CLOCK_MONOTONIC, comparable between processes. */
export interface Measurement {
  readonly operations: number;
  readonly begin: number;
  readonly end: number;
}

/** A job that is ready to be timed, as often as wanted, and what has to be tidied up afterwards. */
export interface PreparedJob {
  run(): Measurement;
  finish(): void;
}

/** Microseconds for one operation, from the first writer's start to the last one's end. */
export function timeOfOne(measurements: readonly Measurement[]): number {
  const begin = Math.min(...measurements.map((measurement) => measurement.begin));
  const end = Math.max(...measurements.map((measurement) => measurement.end));
  return (end - begin) / measurements.reduce((sum, measurement) => sum + measurement.operations, 0);
}
