/**
 * How much memory our server needs as it captures more and more.
 *
 * Guarantees: counts all processes of the mount, a moment after the last write, when the writers have ended. Other Node
 * processes on the machine, the benchmark's own among them, share the program's pages with the server, which makes PSS
 * smaller than on a host without another Node; RSS is the upper bound.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Contender, NotAvailable } from '../contenders/contender.js';
import { type ContenderName, makeContender } from '../contenders/contenders.js';
import type { AppendJob } from '../load/job.js';
import { type Figure, samplesOf } from '../report/results.js';
import { type MemoryUse, memoryOf } from '../servers.js';
import type { Session } from '../session.js';
import type { Group } from './group.js';

const files = 1000;
const writerCount = 4;
/** Milliseconds between the last write and the look at the memory. */
const settling = 500;
/** Milliseconds that the writes may take; far more than they need. */
const patience = 900_000;

/** Appends to all files in turn, a quarter of them by each of four writers. */
function jobs({ directory }: Contender, writes: number): AppendJob[] {
  const perWriter = files / writerCount;
  const limit = { time: patience, operations: writes / writerCount };
  return Array.from({ length: writerCount }, (_, writer) => {
    const paths = Array.from({ length: perWriter }, (_, index) => join(directory, `${writer}-${index}.log`));
    return { kind: 'append', paths, size: 128, warmUp: 0, keep: true, limit };
  });
}

/** Memory after each number of writes, ascending. */
async function measureOne(session: Session, contender: Contender, steps: readonly number[]): Promise<MemoryUse[]> {
  const uses: MemoryUse[] = [];
  let written = 0;
  for (const step of steps) {
    session.progress.show(`${contender.name}, ${step.toLocaleString('en')} writes`);
    if (step > written) await session.writers.run(jobs(contender, step - written));
    written = step;
    session.writers.stop();
    await delay(settling);
    uses.push(memoryOf(contender.servers()));
    session.progress.step();
  }
  return uses;
}

export const memory: Group = {
  name: 'memory',
  title: 'Memory of all processes of a mount, after tracked writes of 128 B to 1,000 files',
  note: 'PSS counts shared pages by their share, and RSS in full. Other Node processes on the machine lower the PSS.',
  async run(session) {
    const steps = session.pick([0, 1_000_000, 10_000_000], [0, 50_000]);
    const names = ['uring', 'device'] as const satisfies readonly ContenderName[];
    session.progress.announce(names.length * steps.length);
    const folder = session.newFolder();
    const uses = new Map<ContenderName, MemoryUse[]>();
    for (const name of names) {
      await session.withMounted([makeContender(name, folder)], async (present) => {
        for (const contender of present) uses.set(name, await measureOne(session, contender, steps));
      });
    }
    if (uses.size === 0) throw new NotAvailable('no mount to look at');
    const figure = (step: number, index: number, measure: keyof MemoryUse, title: string): Figure => ({
      name: `${measure}-${step}`,
      title: `${title}, ${step.toLocaleString('en')} writes`,
      unit: 'MB',
      samples: [...uses].map(([name, use]) => samplesOf(name, [(use[index]?.[measure] ?? Number.NaN) / 1e6])),
    });
    return [
      ...steps.map((step, index) => figure(step, index, 'proportional', 'PSS')),
      ...steps.map((step, index) => figure(step, index, 'resident', 'RSS')),
    ];
  },
};
