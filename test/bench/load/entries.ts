/**
 * Operations on names: stat, open, create, list.
 *
 * Guarantees: the calls that a C program would make, with paths laid out beforehand; nothing else is timed.
 */
import { constants } from 'node:fs';
import { join } from 'node:path';
import { type EntryJob, type PreparedJob, type StatJob, statFileName } from './job.js';
import { AT_FDCWD, close, getdents, mapPaths, open, STATX_BASIC_STATS, statx, unlink } from './system-calls.js';
import { batch, fail, logLines, timed } from './timed-loop.js';

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_TRUNC, O_DIRECTORY } = constants;
/** Bytes that glibc's readdir(3) asks for at once. */
const listingSize = 32_768;

export function prepareStat(job: StatJob): PreparedJob {
  const paths = mapPaths(Array.from({ length: job.files }, (_, index) => join(job.path, statFileName(index))));
  const { address: answer } = logLines(256);
  const statAll = (): void => {
    for (const path of paths) if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, answer) !== 0) fail('statx');
  };
  for (let round = 0; round < job.warmUp; round++) statAll();
  const limit = { time: job.limit.time, operations: job.limit.operations / job.files };
  const run: PreparedJob['run'] = () => {
    const rounds = timed(limit, 1, statAll);
    return { ...rounds, operations: rounds.operations * job.files };
  };
  return { run, finish: () => {} };
}

function opened(path: number, flags: number): number {
  const fd: number = open(path, flags, 0o644);
  if (fd < 0) fail('open');
  return fd;
}

function operation({ kind, path: name }: EntryJob): () => void {
  const [path = 0] = mapPaths([name]);
  const { address } = logLines(listingSize);
  switch (kind) {
    case 'open-read':
      return () => close(opened(path, O_RDONLY));
    case 'open-append':
      return () => close(opened(path, O_WRONLY | O_APPEND));
    case 'create':
      return () => {
        close(opened(path, O_WRONLY | O_CREAT | O_TRUNC));
        if (unlink(path) !== 0) fail('unlink');
      };
    case 'list':
      return () => {
        const fd = opened(path, O_RDONLY | O_DIRECTORY);
        for (let size = 1; size > 0; ) {
          size = getdents(fd, address, listingSize);
          if (size < 0) fail('getdents64');
        }
        close(fd);
      };
  }
}

export function prepareEntry(job: EntryJob): PreparedJob {
  const operate = operation(job);
  operate();
  return { run: () => timed(job.limit, job.kind === 'list' ? 1 : batch, operate), finish: () => {} };
}
