/**
 * What a benchmark worker can be told to do, and the timed loops that do it.
 *
 * Guarantees: opening, warming up and cleaning up are outside the timed stretch unless the job is about them; a loop
 * ends at its time limit or at its number of operations, whichever comes first. Does not pin anything to a CPU.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  AT_FDCWD,
  close,
  create,
  lastErrno,
  type Memory,
  mapMemory,
  mapPaths,
  read,
  STATX_BASIC_STATS,
  statx,
  unlink,
  write,
} from './system-calls.js';

/** When a timed loop ends. */
export interface Limit {
  /** Milliseconds. */
  readonly time: number;
  readonly operations: number;
}

/** One job. Paths are absolute; sizes are bytes. */
export type Job =
  | {
      readonly kind: 'append';
      readonly path: string;
      readonly size: number;
      /** Writes before the timed stretch. */
      readonly warmUp: number;
      /** Leave the file in place afterwards. */
      readonly keep?: boolean;
      readonly limit: Limit;
    }
  | { readonly kind: 'read'; readonly path: string; readonly size: number; readonly limit: Limit }
  | { readonly kind: 'create'; readonly path: string; readonly limit: Limit }
  /** stat of `0.log`, `1.log`, … in a folder, in rounds; with `warmUp` rounds before the timed stretch. */
  | {
      readonly kind: 'stat';
      readonly path: string;
      readonly files: number;
      readonly warmUp: number;
      readonly limit: Limit;
    };

/** Name of one of the files that a stat job looks at. */
export const statFileName = (index: number): string => `${index}.log`;

/** What a job measured. Times are microseconds of CLOCK_MONOTONIC, comparable between processes. */
export interface Measurement {
  readonly operations: number;
  readonly begin: number;
  readonly end: number;
}

/** A job that is ready to be timed, and what has to be tidied up afterwards. */
export interface PreparedJob {
  run(): Measurement;
  finish(): void;
}

/** Operations between two looks at the clock, chosen so that the looks cost less than 1 %. */
const batch = 32;
const largeTransfer = 65_536;

let memory: Memory | undefined;

function dataOf(size: number): Memory {
  if (memory === undefined || memory.bytes.length < size) {
    memory = mapMemory(Math.max(size, 1 << 20));
    const line = `${'a log line of 64 bytes, as they come in most of the logs of hosts'.slice(0, 63)}\n`;
    memory.bytes.fill(line);
  }
  return memory;
}

const now = (): number => Number(process.hrtime.bigint()) / 1000;

function fail(call: string): never {
  throw new Error(`${call} failed with errno ${lastErrno()}`);
}

/** Repeats an operation until the limit; `perCheck` operations between two looks at the clock. */
function timed(limit: Limit, perCheck: number, operate: () => void): Measurement {
  const begin = now();
  const deadline = performance.now() + limit.time;
  let operations = 0;
  while (operations < limit.operations) {
    for (let i = 0; i < perCheck; i++) operate();
    operations += perCheck;
    if (performance.now() >= deadline) break;
  }
  return { operations, begin, end: now() };
}

function prepareAppend(job: Extract<Job, { kind: 'append' }>): PreparedJob {
  const { address } = dataOf(job.size);
  const { size } = job;
  const fd = openSync(job.path, 'a', 0o644);
  const append = (): void => {
    if (write(fd, address, size) !== size) fail('write');
  };
  for (let i = 0; i < job.warmUp; i++) append();
  const perCheck = Math.min(size >= largeTransfer ? 1 : batch, job.limit.operations);
  const finish = (): void => {
    closeSync(fd);
    if (!job.keep) unlinkSync(job.path);
  };
  return { run: () => timed(job.limit, perCheck, append), finish };
}

function prepareRead(job: Extract<Job, { kind: 'read' }>): PreparedJob {
  const { address } = dataOf(job.size);
  let fd = openSync(job.path, 'r');
  const readOn = (): void => {
    const count = read(fd, address, job.size);
    if (count < 0) fail('read');
    if (count === job.size) return;
    // A new open for each pass: most FUSE file systems drop their cached pages at open.
    closeSync(fd);
    fd = openSync(job.path, 'r');
  };
  return { run: () => timed(job.limit, batch, readOn), finish: () => closeSync(fd) };
}

function prepareCreate(job: Extract<Job, { kind: 'create' }>): PreparedJob {
  const [path = 0] = mapPaths([job.path]);
  const createAndUnlink = (): void => {
    const fd: number = create(path, 0o644);
    if (fd < 0) fail('creat');
    close(fd);
    if (unlink(path) !== 0) fail('unlink');
  };
  return { run: () => timed(job.limit, batch, createAndUnlink), finish: () => {} };
}

function prepareStat(job: Extract<Job, { kind: 'stat' }>): PreparedJob {
  const paths = mapPaths(Array.from({ length: job.files }, (_, index) => join(job.path, statFileName(index))));
  const { address: answer } = dataOf(256);
  const statAll = (): void => {
    for (const path of paths) if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, answer) !== 0) fail('statx');
  };
  for (let round = 0; round < job.warmUp; round++) statAll();
  return {
    run: () => {
      const rounds = timed({ time: job.limit.time, operations: job.limit.operations / job.files }, 1, statAll);
      return { ...rounds, operations: rounds.operations * job.files };
    },
    finish: () => {},
  };
}

/** Does everything of a job that is not timed. */
export function prepare(job: Job): PreparedJob {
  switch (job.kind) {
    case 'append':
      return prepareAppend(job);
    case 'read':
      return prepareRead(job);
    case 'create':
      return prepareCreate(job);
    case 'stat':
      return prepareStat(job);
  }
}
