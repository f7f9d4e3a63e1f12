/**
 * What the benchmark does to each contender.
 *
 * Guarantees: preparing and tidying up are not timed. One sample is the time of one operation in microseconds: with
 * several writers, the time from the first one's start to the last one's end divided by all their operations.
 */
import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contenders.js';
import { type Job, type Measurement, statFileName } from './jobs.js';
import { allowedCpus, lastCpu, pin, type Writers } from './writers.js';

/** What a workload may use. */
export interface Setting {
  readonly writers: Writers;
  /** Milliseconds of one timed run. */
  readonly time: number;
  /** A file that all contenders' file systems can have a link to. */
  readonly readFile: string;
}

/** One kind of load. */
export interface Workload {
  readonly name: string;
  /** What the tables call it. */
  readonly title: string;
  /** Bytes that one operation moves, when the table shall show bytes a second instead of time. */
  readonly bytes?: number;
  sample(contender: Contender, setting: Setting): Promise<number>;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const readSize = 128 * kibibyte;
const statFiles = 1000;
/** Bytes that one writer appends at most in one run, so that the disk's own speed stays out of it. */
const mostBytes = 64 * mebibyte;
/** The same for writes of 1 MiB, which need more of them for a steady figure. */
const mostLargeBytes = 256 * mebibyte;

function appendJob(contender: Contender, setting: Setting, size: number, writer = 0): Job {
  const most = size >= mebibyte ? mostLargeBytes : mostBytes;
  return {
    kind: 'append',
    path: join(contender.directory, `append-${writer}.log`),
    size,
    warmUp: size >= mebibyte ? 8 : 500,
    limit: { time: setting.time, operations: Math.floor(most / size) },
  };
}

/** Microseconds for one operation, from the first start to the last end. */
function timeOfOne(measurements: readonly Measurement[]): number {
  const begin = Math.min(...measurements.map((measurement) => measurement.begin));
  const end = Math.max(...measurements.map((measurement) => measurement.end));
  return (end - begin) / measurements.reduce((sum, measurement) => sum + measurement.operations, 0);
}

function appends(name: string, title: string, size: number, count: number, bytes?: number): Workload {
  return {
    name,
    title,
    ...(bytes === undefined ? {} : { bytes }),
    async sample(contender, setting) {
      const jobs = Array.from({ length: count }, (_, writer) => appendJob(contender, setting, size, writer));
      return timeOfOne(await setting.writers.run(jobs));
    },
  };
}

const pinnedAppend: Workload = {
  name: 'append-pinned',
  title: 'append 128 B, 1 writer, on one CPU with the server',
  async sample(contender, setting) {
    const pids = [...setting.writers.pids(1), ...contender.servers()];
    pin(pids, lastCpu());
    try {
      return timeOfOne(await setting.writers.run([appendJob(contender, setting, 128)]));
    } finally {
      pin(pids, allowedCpus());
    }
  },
};

const sequentialRead: Workload = {
  name: 'read',
  title: 'read 256 MiB, 128 KiB at a time',
  bytes: readSize,
  async sample(contender, setting) {
    const name = 'read.log';
    const beneath = join(contender.backing, name);
    if (!existsSync(beneath)) linkSync(setting.readFile, beneath);
    const limit = { time: setting.time, operations: Number.MAX_SAFE_INTEGER };
    const path = join(contender.directory, name);
    return timeOfOne(await setting.writers.run([{ kind: 'read', path, size: readSize, limit }]));
  },
};

const createAndUnlink: Workload = {
  name: 'create-unlink',
  title: 'create, close and unlink a file',
  async sample(contender, setting) {
    const limit = { time: setting.time, operations: 100_000 };
    const path = join(contender.directory, 'created.log');
    return timeOfOne(await setting.writers.run([{ kind: 'create', path, limit }]));
  },
};

let statFolders = 0;

function stats(name: string, title: string, warmUp: number): Workload {
  return {
    name,
    title,
    async sample(contender, setting) {
      const folder = `stat-${statFolders++}`;
      const beneath = join(contender.backing, folder);
      mkdirSync(beneath);
      for (let index = 0; index < statFiles; index++) writeFileSync(join(beneath, statFileName(index)), '');
      // Without a warm-up there is one round only: in a second one the names would be known.
      const limit = { time: setting.time, operations: warmUp === 0 ? statFiles : 2_000_000 };
      const path = join(contender.directory, folder);
      const measurements = await setting.writers.run([{ kind: 'stat', path, files: statFiles, warmUp, limit }]);
      rmSync(beneath, { recursive: true });
      return timeOfOne(measurements);
    },
  };
}

/** All workloads in the order of the tables. */
export const workloads: readonly Workload[] = [
  pinnedAppend,
  appends('append', 'append 128 B, 1 writer, free', 128, 1),
  appends('append-4', 'append 128 B, 4 writers, a file each', 128, 4),
  appends('write-4k', 'append 4 KiB, 1 writer, free', 4 * kibibyte, 1),
  appends('write-1m', 'append 1 MiB, 1 writer, free', mebibyte, 1, mebibyte),
  sequentialRead,
  createAndUnlink,
  stats('stat-new', 'stat of 1,000 files, names new to the mount', 0),
  stats('stat-cached', 'stat of 1,000 files, names known', 1),
];
