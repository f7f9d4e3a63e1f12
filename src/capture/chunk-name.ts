/**
 * Names of chunk files: `<md5>.<seconds>.<7 digits>.log`.
 *
 * Guarantees: md5 of the full path's bytes names the stream; the time of creation, in units of 100 ns and of fixed width,
 * makes names of one stream sort in the order of creation. Pure functions.
 */
import { createHash } from 'node:crypto';

/** Time in units of 100 ns since 1970, as a bigint: it exceeds 2^53. */
export type Ticks = bigint;

const TICKS_PER_SECOND = 10_000_000n;
const TICKS_PER_MILLISECOND = 10_000n;

/** Ten digits hold every second until the year 2286. */
const SECONDS_WIDTH = 10;
const FRACTION_WIDTH = 7;

const CHUNK_NAME = /^([0-9a-f]{32})\.(\d{10})\.(\d{7})\.log$/;

/** @param path - full path of the tracked file, one character a byte (latin1) */
export function streamId(path: string): string {
  return createHash('md5').update(path, 'latin1').digest('hex');
}

export function chunkName(stream: string, ticks: Ticks): string {
  const seconds = (ticks / TICKS_PER_SECOND).toString().padStart(SECONDS_WIDTH, '0');
  const fraction = (ticks % TICKS_PER_SECOND).toString().padStart(FRACTION_WIDTH, '0');
  return `${stream}.${seconds}.${fraction}.log`;
}

/** @returns undefined for a file that is not a chunk */
export function parseChunkName(name: string): { stream: string; ticks: Ticks } | undefined {
  const match = CHUNK_NAME.exec(name);
  if (match === null) return undefined;
  const [, stream = '', seconds = '', fraction = ''] = match;
  return { stream, ticks: BigInt(seconds) * TICKS_PER_SECOND + BigInt(fraction) };
}

/** @param milliseconds - as `Date.now()` */
export function ticksOf(milliseconds: number): Ticks {
  return BigInt(milliseconds) * TICKS_PER_MILLISECOND;
}
