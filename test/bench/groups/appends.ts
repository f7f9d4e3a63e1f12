/**
 * Appending log lines: by one and by many writers, on one CPU with the server and wherever the scheduler puts them.
 *
 * Guarantees: each writer is a process with a file of its own. Limited in bytes, so that the disk's own speed stays out.
 */
import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import type { ContenderName } from '../contenders/contenders.js';
import { pinned } from '../load/affinity.js';
import { type AppendJob, timeOfOne } from '../load/job.js';
import type { Session, Workload } from '../session.js';
import type { Group } from './group.js';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
/** Bytes that one writer appends at most in one run; large writes need more of them for a steady figure. */
const mostBytes = { small: 64 * mebibyte, large: 256 * mebibyte };

function appendJob(contender: Contender, session: Session, size: number, writer: number): AppendJob {
  const name = `append-${writer}.log`;
  const isLarge = size >= 128 * kibibyte;
  return {
    kind: 'append',
    paths: [join(contender.directory, name)],
    ...(contender.copies === undefined ? {} : { copies: [join(contender.copies, name)] }),
    size,
    warmUp: isLarge ? 8 : 200,
    limit: {
      time: session.setting.time,
      operations: Math.floor((isLarge ? mostBytes.large : mostBytes.small) / size),
    },
  };
}

async function appendOnce(contender: Contender, session: Session, size: number, count: number): Promise<number> {
  const jobs = Array.from({ length: count }, (_, writer) => appendJob(contender, session, size, writer));
  return timeOfOne(await session.writers.run(jobs));
}

const writers = (count: number): string => (count === 1 ? '1 writer' : `${count} writers`);

function free(count: number): Workload {
  return {
    name: `append-${count}`,
    title: `${writers(count)}, free`,
    sample: (contender, session) => appendOnce(contender, session, 128, count),
  };
}

function onOneCpu(count: number): Workload {
  return {
    name: `append-${count}-pinned`,
    title: `${writers(count)}, on one CPU with the server`,
    sample(contender, session) {
      const pids = [...session.writers.pids(count), ...contender.servers()];
      return pinned(pids, () => appendOnce(contender, session, 128, count));
    },
  };
}

function large(name: string, title: string, bytes: number): Workload {
  return {
    name: `append-${name}`,
    title,
    bytes,
    sample: (contender, session) => appendOnce(contender, session, bytes, 1),
  };
}

const others: ContenderName[] = ['bindfs', 'bindfs-lean', 'mergerfs', 'mergerfs-lean'];
const ours: ContenderName[] = ['uring-untracked', 'uring', 'device-untracked', 'device'];
const native: ContenderName[] = ['fuse-native-untracked', 'fuse-native', 'native'];
const quickly: ContenderName[] = ['plain', 'bindfs-lean', 'mergerfs-lean', 'uring', 'device', 'native'];

/** Appends of 128 B. */
export const appends: Group = {
  name: 'appends',
  title: 'Append of 128 B',
  note: 'Time of one append: with several writers, the time that all take divided by all appends. Less is better.',
  run(session) {
    // The most parallel last: fuse-native is slower for good after each burst.
    const full = [onOneCpu(1), free(1), onOneCpu(4), free(4), onOneCpu(16), free(16)];
    const workloads = session.pick(full, [onOneCpu(1), free(1), free(4)]);
    return session.compare(workloads, session.pick(['plain', 'plain-twice', ...others, ...ours, ...native], quickly));
  },
};

/** Appends of larger pieces by one writer. */
export const sizes: Group = {
  name: 'sizes',
  title: 'Append of larger pieces, 1 writer, free',
  note: 'Bytes that the writer hands over; a tracked write is written twice. More is better.',
  run(session) {
    const full = [
      large('4k', '4 KiB', 4 * kibibyte),
      large('128k', '128 KiB', 128 * kibibyte),
      large('1m', '1 MiB', mebibyte),
    ];
    const quick: ContenderName[] = ['plain-twice', 'mergerfs-lean', 'uring', 'device'];
    return session.compare(
      session.pick(full, full.slice(2)),
      session.pick(['plain', 'plain-twice', ...others, ...ours, ...native], quick),
    );
  },
};
