/**
 * Reading a log of 64 MiB: in order, here and there, and through a mapping; at rest, and while a logger appends to it.
 *
 * Guarantees: the file is in the page cache beneath each contender. The logger appends 128 B a thousand times a second
 * through the contender, which leaves the CPUs to the reader.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContenderName } from '../contenders/contenders.js';
import { type Job, type ReadJob, timeOfOne } from '../load/job.js';
import type { Workload } from '../session.js';
import type { Group } from './group.js';

const length = 64 * 1024 * 1024;
const fileName = 'read.log';

const kinds = {
  sequential: { title: 'in order, 128 KiB at a time', size: 128 * 1024 },
  random: { title: 'here and there, 4 KiB at a time', size: 4 * 1024 },
  mmap: { title: 'mapped memory, 128 KiB at a time', size: 128 * 1024 },
} as const;

function reading(how: ReadJob['how'], isWritten: boolean): Workload {
  const { title, size } = kinds[how];
  return {
    name: isWritten ? `read-${how}-written` : `read-${how}`,
    title: isWritten ? `${title}, while written` : title,
    bytes: size,
    async sample(contender, { writers, setting }) {
      const beneath = join(contender.backing, fileName);
      if (!existsSync(beneath)) writeFileSync(beneath, Buffer.alloc(length, 'a log line that is read back\n'));
      const path = join(contender.directory, fileName);
      const limit = { time: setting.time, operations: Number.MAX_SAFE_INTEGER };
      const jobs: Job[] = [{ kind: 'read', how, path, length, size, limit }];
      if (isWritten) {
        jobs.push({ kind: 'append', paths: [path], size: 128, warmUp: 1, pause: 1, keep: true, limit });
      }
      return timeOfOne((await writers.run(jobs)).slice(0, 1));
    },
  };
}

const everybody: ContenderName[] = [
  ...(['plain', 'bindfs', 'mergerfs', 'uring-untracked', 'uring'] as const),
  ...(['device-untracked', 'device', 'fuse-native'] as const),
];

export const reads: Group = {
  name: 'reads',
  title: 'Read of a file of 64 MiB',
  note: '"While written": another process appends to the file a thousand times a second. More is better.',
  run(session) {
    const hows = ['sequential', 'random', 'mmap'] as const;
    const full = [...hows.map((how) => reading(how, false)), ...hows.map((how) => reading(how, true))];
    const quick = [reading('sequential', false), reading('mmap', false), reading('random', true)];
    return session.compare(
      session.pick(full, quick),
      session.pick(everybody, ['plain', 'mergerfs', 'uring', 'device']),
    );
  },
};
