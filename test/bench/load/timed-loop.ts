/**
 * The loop that repeats an operation and measures how long it took.
 *
 * Guarantees: it ends at its time limit or at its number of operations, whichever comes first, late by at most one look
 * at the clock. Looks are rare enough to cost less than 1 %.
 */
import type { Limit, Measurement } from './job.js';
import { lastErrno, type Memory, mapMemory } from './system-calls.js';

/** Operations between two looks at the clock, for operations of a microsecond or so. */
export const batch = 32;

let memory: Memory | undefined;

/** Memory full of log lines, at least `size` bytes; the same for all who ask. */
export function logLines(size: number): Memory {
  if (memory === undefined || memory.bytes.length < size) {
    memory = mapMemory(Math.max(size, 1 << 20));
    const line = `${'a log line of 64 bytes, as they come in most of the logs of hosts'.slice(0, 63)}\n`;
    memory.bytes.fill(line);
  }
  return memory;
}

const now = (): number => Number(process.hrtime.bigint()) / 1000;

/** Fails with the errno of the last call. */
export function fail(call: string): never {
  throw new Error(`${call} failed with errno ${lastErrno()}`);
}

/** Repeats an operation until the limit; `perLook` operations between two looks at the clock. */
export function timed(limit: Limit, perLook: number, operate: () => void): Measurement {
  const begin = now();
  const deadline = performance.now() + limit.time;
  let operations = 0;
  while (operations < limit.operations) {
    const some = Math.min(perLook, limit.operations - operations);
    for (let i = 0; i < some; i++) operate();
    operations += some;
    if (performance.now() >= deadline) break;
  }
  return { operations, begin, end: now() };
}
