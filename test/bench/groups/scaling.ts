/**
 * What an append costs as files, patterns and chunks become many.
 *
 * Guarantees: writer and server share a CPU, where the cost of an append is steady. Each number has a mount of its own, all of them measured in turn. Files get one append each in turn, after
 * an untimed pass, because a chunk that was idle for some seconds is sealed and its successor has to be made.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chunkName, ticksOf } from '../../../src/capture/chunk-name.js';
import { type Contender, PlainDirectory } from '../contenders/contender.js';
import { type Way, ways } from '../contenders/contenders.js';
import { fillerStream, OurMount } from '../contenders/our-mount.js';
import { pinned } from '../load/affinity.js';
import { type AppendJob, timeOfOne } from '../load/job.js';
import type { ReadyJobs } from '../load/writers.js';
import { type Figure, samplesOf } from '../report/results.js';
import { inRounds } from '../rounds.js';
import type { Session } from '../session.js';
import type { Group } from './group.js';

/** What there are many of. */
interface Axis {
  readonly name: 'files' | 'patterns' | 'chunks';
  readonly steps: readonly number[];
  readonly quickSteps: readonly number[];
}

const axes: readonly Axis[] = [
  { name: 'files', steps: [1, 100, 10_000], quickSteps: [1, 300] },
  { name: 'patterns', steps: [1, 100, 1000], quickSteps: [] },
  { name: 'chunks', steps: [10, 100_000], quickSteps: [] },
];

type Scaled = 'plain' | 'uring' | 'device';

/** The plain directory shows how much of it is the disk's file system: patterns and chunks are nothing to it. */
const scaledOf = (axis: Axis): readonly Scaled[] =>
  axis.name === 'files' ? ['plain', 'uring', 'device'] : ['uring', 'device'];

/** The last line that matches decides, so each is looked at. */
function patterns(mountpoint: string, count: number): string[] {
  const others = Array.from({ length: count - 1 }, (_, index) => `${mountpoint}/service-${index}/**/*.log`);
  return [...others, `${mountpoint}/*.log`];
}

/** Chunks that a collector has yet to take, there before the mount. */
function fill(logs: string, count: number): void {
  mkdirSync(logs, { recursive: true });
  for (let index = 0; index < count; index++) {
    writeFileSync(join(logs, chunkName(fillerStream(index), ticksOf(Date.now()))), 'a line\n', { mode: 0o400 });
  }
}

/** One contender at one number. */
interface Step {
  readonly name: Scaled;
  readonly count: number;
  readonly contender: Contender;
  readonly job: AppendJob;
}

function makeStep(session: Session, axis: Axis['name'], name: Scaled, count: number): Step {
  const folder = session.newFolder();
  const numberOf = (what: Axis['name']): number => (axis === what ? count : 1);
  const mount = (way: Way): OurMount => {
    const ours = new OurMount(folder, way, {
      options: ways[way],
      patterns: (mountpoint) => patterns(mountpoint, numberOf('patterns')),
    });
    fill(ours.logs, axis === 'chunks' ? count : 0);
    return ours;
  };
  const contender = name === 'plain' ? new PlainDirectory(folder, name) : mount(name);
  const paths = Array.from({ length: numberOf('files') }, (_, index) => join(contender.directory, `${index}.log`));
  const limit = { time: session.setting.time, operations: 500_000 };
  const job: AppendJob = { kind: 'append', paths, size: 128, warmUp: 200, passes: 1, limit };
  return { name, count, contender, job };
}

async function measureAxis(session: Session, axis: Axis): Promise<Figure[]> {
  const counts = session.pick(axis.steps, axis.quickSteps);
  session.progress.announce(counts.length * scaledOf(axis).length * session.setting.runs);
  session.progress.show(`preparing ${axis.name}`);
  const steps = counts.flatMap((count) => scaledOf(axis).map((name) => makeStep(session, axis.name, name, count)));
  const contenders = steps.map(({ contender }) => contender);
  return session.withMounted(contenders, (present) =>
    measureSteps(
      session,
      axis.name,
      counts,
      steps.filter(({ contender }) => present.includes(contender)),
    ),
  );
}

async function measureSteps(
  session: Session,
  axis: Axis['name'],
  counts: readonly number[],
  steps: readonly Step[],
): Promise<Figure[]> {
  const { writers, setting, progress } = session;
  const prepare = async (step: Step, writer: number): Promise<Step & { pids: number[]; ready: ReadyJobs }> => {
    const ready = await writers.prepare([step.job], writer);
    return {
      ...step,
      ready,
      pids: [...writers.pids(steps.length).slice(writer, writer + 1), ...step.contender.servers()],
    };
  };
  const entrants = await inRounds(
    await Promise.all(steps.map(prepare)),
    setting.runs,
    async ({ name, count, pids, ready }, round) => {
      progress.show(`${count} ${axis}, round ${round + 1}, ${name}`);
      const value = timeOfOne(await pinned(pids, () => ready.run()));
      progress.step();
      return value;
    },
    ({ name, count }, error) => session.leaveOut(`${name}, ${count} ${axis}`, error),
  );
  for (const { subject } of entrants) await subject.ready.finish();
  return counts.map((count) => ({
    name: `${axis}-${count}`,
    title: `${count.toLocaleString('en')} ${count === 1 ? axis.slice(0, -1) : axis}`,
    unit: 'µs',
    samples: entrants
      .filter(({ subject }) => subject.count === count)
      .map(({ subject, values }) => samplesOf(subject.name, values)),
  }));
}

export const scaling: Group = {
  name: 'scaling',
  title: 'Tracked append of 128 B as things become many, on one CPU with the server',
  note: 'Files: one append each in turn. Patterns: lines of trackfiles.txt. Chunks: waiting in logs/ for a collector.',
  async run(session) {
    const figures: Figure[] = [];
    for (const axis of axes) figures.push(...(await measureAxis(session, axis)));
    return figures;
  },
};
