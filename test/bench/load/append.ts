/**
 * Appending to one file, or to many in turn.
 *
 * Guarantees: files are opened with O_APPEND before the timed stretch and stay open to the end of the job. A short write
 * is an error.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import type { AppendJob, Measurement, PreparedJob } from './job.js';
import { write } from './system-calls.js';
import { batch, fail, logLines, timed } from './timed-loop.js';

/** From this size on the clock is looked at after each write. */
const largeWrite = 65_536;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function appender(job: AppendJob, fds: readonly number[], copies: readonly number[]): () => void {
  const { size, pause } = job;
  const { address } = logLines(size);
  let next = 0;
  const toFile = (): void => {
    if (write(fds[next], address, size) !== size) fail('write');
    if (++next === fds.length) next = 0;
  };
  if (pause !== undefined) {
    return () => {
      toFile();
      Atomics.wait(sleeper, 0, 0, pause);
    };
  }
  if (copies.length === 0) return toFile;
  return () => {
    if (write(copies[next], address, size) !== size) fail('write');
    toFile();
  };
}

export function prepareAppend(job: AppendJob): PreparedJob {
  const paths = [...job.paths, ...(job.copies ?? [])];
  const fds = paths.map((path) => openSync(path, 'a', 0o644));
  const append = appender(job, fds.slice(0, job.paths.length), fds.slice(job.paths.length));
  const repeat = (times: number): void => {
    for (let i = 0; i < times; i++) append();
  };
  repeat(job.warmUp);
  const perLook = job.pause !== undefined || job.size >= largeWrite ? 1 : batch;
  const finish = (): void => {
    for (const fd of fds) closeSync(fd);
    if (!job.keep) for (const path of paths) rmSync(path, { force: true });
  };
  const run = (): Measurement => {
    repeat((job.passes ?? 0) * job.paths.length);
    return timed(job.limit, perLook, append);
  };
  return { run, finish };
}
