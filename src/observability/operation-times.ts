/**
 * How many operations of each kind there were, and how long they took, in memory that all threads of the server share.
 *
 * Guarantees: a thread writes to its own part alone, without a lock, an allocation or a system call; any thread may read at any
 * time. Every operation is counted. The frequent kinds are timed one in {@link SAMPLING} times, the others always. A time is that of the
 * work on the mirror and on the chunk: not that of a queue before it, nor of the reply's way back.
 *
 * Layout: for each thread and opcode a line of doubles: operations, seconds of those that were timed, and how many of these
 * fell into each bucket ({@link bucketBounds}; the last one holds what is above).
 */
import { Opcode, type OpcodeName } from '../fuse/opcode.js';

/** Which part is whose: the request loop, the main thread (slow work, the engine fuse-native), then the queue threads. */
export const loopThread = 0;
export const mainThread = 1;
export const firstQueueThread = 2;

/** Queue threads there can be at most, and the two others. */
const MAX_THREADS = 10;
const OPCODES = 64;

/** Upper bounds of the buckets, in seconds. */
export const bucketBounds: readonly number[] = [
  ...[2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4],
  ...[1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5, 1, 5, 30],
];

const Field = { count: 0, seconds: 1, buckets: 2, length: 2 + bucketBounds.length + 1 } as const;
const THREAD_LENGTH = OPCODES * Field.length;

/** The frequent kinds are timed once in so many times; a power of two. */
export const SAMPLING = 16;

/** By opcode: which bits of the count have to be zero for a look at the clock. */
const samplingMasks = new Uint8Array(OPCODES);
for (const opcode of [Opcode.WRITE, Opcode.READ, Opcode.GETATTR, Opcode.LOOKUP]) samplingMasks[opcode] = SAMPLING - 1;

/** All threads together. */
export interface OperationCounts {
  /** Lower-case name of the operation, such as `write`. */
  readonly kind: string;
  readonly count: number;
  /** How many of them were timed. */
  readonly timed: number;
  /** Seconds that those took together. */
  readonly seconds: number;
  /** How many of those fell into each bucket. */
  readonly buckets: readonly number[];
}

export class OperationTimes {
  private readonly cells: Float64Array;

  /**
   * @param memory - what all threads share; new unless given
   * @param thread - whose part {@link begin} and {@link end} write to
   */
  constructor(
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(MAX_THREADS * THREAD_LENGTH * 8),
    thread: number = loopThread,
  ) {
    this.cells = new Float64Array(memory, thread * THREAD_LENGTH * 8, THREAD_LENGTH);
  }

  /** An operation begins, and counts. @returns its time for {@link end} in milliseconds; -1 when it is not to be timed */
  begin(opcode: number): number {
    const cell = (opcode & (OPCODES - 1)) * Field.length;
    const count = this.cells[cell] ?? 0;
    this.cells[cell] = count + 1;
    return (count & (samplingMasks[opcode & (OPCODES - 1)] ?? 0)) === 0 ? performance.now() : -1;
  }

  /** Another thread does the operation instead, and counts it. */
  leave(opcode: number): void {
    const cell = (opcode & (OPCODES - 1)) * Field.length;
    this.cells[cell] = (this.cells[cell] ?? 0) - 1;
  }

  /** It is done. @param begun - what {@link begin} has returned, not -1 */
  end(opcode: number, begun: number): void {
    const { cells } = this;
    const seconds = (performance.now() - begun) / 1000;
    const cell = (opcode & (OPCODES - 1)) * Field.length;
    let bucket = 0;
    while (bucket < bucketBounds.length && seconds > (bucketBounds[bucket] ?? 0)) bucket++;
    cells[cell + Field.seconds] = (cells[cell + Field.seconds] ?? 0) + seconds;
    cells[cell + Field.buckets + bucket] = (cells[cell + Field.buckets + bucket] ?? 0) + 1;
  }

  /** The kinds that there were any of, all threads together. */
  totals(): OperationCounts[] {
    const all = new Float64Array(this.memory);
    return Object.entries(Opcode).flatMap(([name, opcode]) => {
      const sums = new Array<number>(Field.length).fill(0);
      for (let thread = 0; thread < MAX_THREADS; thread++) {
        const start = thread * THREAD_LENGTH + opcode * Field.length;
        for (let field = 0; field < Field.length; field++) sums[field] = (sums[field] ?? 0) + (all[start + field] ?? 0);
      }
      const [count = 0, seconds = 0, ...buckets] = sums;
      if (count === 0) return [];
      const timed = buckets.reduce((sum, number) => sum + number, 0);
      return [{ kind: (name as OpcodeName).toLowerCase(), count, timed, seconds, buckets }];
    });
  }
}

/**
 * The time that a part of the timed operations did not exceed, as well as the buckets tell.
 *
 * @param share - 0.99 for the 99th percentile
 * @returns seconds; undefined when none was timed
 */
export function quantile({ timed, buckets }: OperationCounts, share: number): number | undefined {
  if (timed === 0) return undefined;
  let rest = share * timed;
  for (const [bucket, count] of buckets.entries()) {
    if (count >= rest && count > 0) {
      const lower = bucketBounds[bucket - 1] ?? 0;
      const upper = bucketBounds[bucket] ?? lower * 2;
      return lower + (upper - lower) * Math.max(0, rest / count);
    }
    rest -= count;
  }
  return bucketBounds.at(-1);
}
