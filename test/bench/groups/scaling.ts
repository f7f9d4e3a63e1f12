/**
 * What an append costs as files, patterns and chunks become many.
 *
 * Guarantees: writer and server share a CPU, where the cost of an append is steady. Each number has a mount of its own, all of them measured in turn. Files get one append each in turn, after
 * an untimed pass, because a chunk that was idle for some seconds is sealed and its successor has to be made.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chunkName, ticksOf } from '../../../src/capture/chunk-name.js';
import { type ContenderName, ways } from '../contenders/contenders.js';
import { fillerStream, OurMount } from '../contenders/our-mount.js';
import { pinned } from '../load/affinity.js';
import { type AppendJob, timeOfOne } from '../load/job.js';
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
  { name: 'chunks', steps: [10, 100_000], quickSteps: [10, 2000] },
];

const scaledWays = ['uring', 'device'] as const satisfies readonly ContenderName[];

/** One way at one number. */
class Step {
  readonly mount: OurMount;
  readonly way: (typeof scaledWays)[number];
  readonly count: number;
  private readonly axis: Axis['name'];

  constructor(folder: string, way: (typeof scaledWays)[number], axis: Axis['name'], count: number) {
    this.way = way;
    this.axis = axis;
    this.count = count;
    const patternCount = axis === 'patterns' ? count : 1;
    // The last line that matches decides, so each is looked at.
    const patterns = (mountpoint: string): string[] => [
      ...Array.from({ length: patternCount - 1 }, (_, index) => `${mountpoint}/service-${index}/**/*.log`),
      `${mountpoint}/*.log`,
    ];
    this.mount = new OurMount(join(folder, `${axis}-${count}`, way), way, { options: ways[way], patterns });
  }

  /** Chunks that a collector has yet to take, there before the mount. */
  fill(): void {
    if (this.axis !== 'chunks') return;
    mkdirSync(this.mount.logs, { recursive: true });
    for (let index = 0; index < this.count; index++) {
      const name = chunkName(fillerStream(index), ticksOf(Date.now()));
      writeFileSync(join(this.mount.logs, name), 'a line\n', { mode: 0o400 });
    }
  }

  job(time: number): AppendJob {
    const files = this.axis === 'files' ? this.count : 1;
    const paths = Array.from({ length: files }, (_, index) => join(this.mount.directory, `${index}.log`));
    const limit = { time, operations: 500_000 };
    return { kind: 'append', paths, size: 128, warmUp: 200, passes: 1, limit };
  }
}

async function measureAxis(session: Session, { name, steps, quickSteps }: Axis): Promise<Figure[]> {
  const folder = session.newFolder();
  const counts = session.pick(steps, quickSteps);
  const all = counts.flatMap((count) => scaledWays.map((way) => new Step(folder, way, name, count)));
  session.progress.show(`preparing ${name}`);
  const present = all.filter((step) => {
    step.fill();
    return session.setUp(step.mount);
  });
  try {
    return await measureSteps(session, name, counts, present);
  } finally {
    for (const { mount } of present) session.tearDown(mount);
  }
}

async function measureSteps(
  session: Session,
  name: Axis['name'],
  counts: readonly number[],
  steps: readonly Step[],
): Promise<Figure[]> {
  const { writers, setting, progress } = session;
  const ready = await Promise.all(
    steps.map(async (step, writer) => ({
      ...{ step, writer },
      jobs: await writers.prepare([step.job(setting.time)], writer),
    })),
  );
  const entrants = await inRounds(
    ready,
    setting.runs,
    async ({ step, jobs, writer }, round) => {
      progress.show(`${step.count} ${name}, round ${round + 1}, ${step.way}`);
      const pids = [...writers.pids(steps.length).slice(writer, writer + 1), ...step.mount.servers()];
      const value = timeOfOne(await pinned(pids, () => jobs.run()));
      progress.step();
      return value;
    },
    ({ step }, error) => session.leaveOut(`${step.way}, ${step.count} ${name}`, error),
  );
  for (const { subject } of entrants) await subject.jobs.finish();
  return counts.map((count) => ({
    name: `${name}-${count}`,
    title: `${count.toLocaleString('en')} ${count === 1 ? name.slice(0, -1) : name}`,
    unit: 'µs',
    samples: entrants
      .filter(({ subject }) => subject.step.count === count)
      .map(({ subject, values }) => samplesOf(subject.step.way, values)),
  }));
}

export const scaling: Group = {
  name: 'scaling',
  title: 'Tracked append of 128 B as things become many, on one CPU with the server',
  note: 'Files: one append each in turn. Patterns: lines of trackfiles.txt. Chunks: waiting in logs/ for a collector.',
  async run(session) {
    const steps = axes.reduce((sum, axis) => sum + session.pick(axis.steps, axis.quickSteps).length, 0);
    session.progress.announce(steps * scaledWays.length * session.setting.runs);
    const figures: Figure[] = [];
    for (const axis of axes) figures.push(...(await measureAxis(session, axis)));
    return figures;
  },
};
