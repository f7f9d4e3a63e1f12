/**
 * CPU time of a mount on which nothing happens.
 *
 * Guarantees: counts all threads of all processes of the mount, to the nanosecond, as /proc/PID/task/TID/schedstat tells.
 * All mounts are watched at the same time. A thread that ends meanwhile is not counted.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ContenderName, makeContender } from '../contenders/contenders.js';
import { samplesOf } from '../report/results.js';
import type { Group } from './group.js';

const names: readonly ContenderName[] = ['bindfs', 'mergerfs', 'uring', 'device', 'fuse-native'];
/** Milliseconds after the last append, for busy polling and the like to end. */
const settling = 1000;

/** Nanoseconds that a process has been running on CPUs; 0 for one that has ended, such as a nap of the supervisor. */
function cpuTime(pid: number): number {
  let sum = 0;
  if (!existsSync(`/proc/${pid}/task`)) return 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [running = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number);
    sum += running;
  }
  return sum;
}

export const idle: Group = {
  name: 'idle',
  title: 'CPU of an idle mount',
  note: 'Share of one CPU, some seconds after the last write; the time in which the chunk is sealed is within.',
  run(session) {
    const folder = session.newFolder();
    const contenders = names.map((name) => makeContender(name, folder));
    const window = session.pick(4000, 1000);
    session.progress.announce(session.setting.runs);
    return session.withMounted(contenders, async (present) => {
      for (const { directory } of present) {
        const limit = { time: 1000, operations: 1000 };
        const paths = [join(directory, 'idle.log')];
        await session.writers.run([{ kind: 'append', paths, size: 128, warmUp: 0, keep: true, limit }]);
      }
      const watched = present.map((contender) => ({ contender, pids: contender.servers(), values: [] as number[] }));
      const used = (): number[] => watched.map(({ pids }) => pids.reduce((sum, pid) => sum + cpuTime(pid), 0));
      await delay(settling);
      for (let run = 0; run < session.setting.runs; run++) {
        session.progress.show(`window ${run + 1}`);
        const [before, start] = [used(), performance.now()];
        await delay(window);
        const [after, elapsed] = [used(), performance.now() - start];
        for (const [index, { values }] of watched.entries()) {
          values.push((((after[index] ?? 0) - (before[index] ?? 0)) / 1e6 / elapsed) * 100);
        }
        session.progress.step();
      }
      const samples = watched.map(({ contender, values }) => samplesOf(contender.name as ContenderName, values));
      return [{ name: 'idle', title: 'idle CPU', unit: '%', samples }];
    });
  },
};
