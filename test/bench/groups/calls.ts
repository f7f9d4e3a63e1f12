/**
 * Which system calls the server makes for one tracked append, as strace(1) counts them.
 *
 * Guarantees: all threads of all processes of the mount are counted; the append is warm. What the server does every
 * second is counted as well, and so is how often it looked in vain: under strace it is slow, and polls more.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ended } from '../../harness/commands.js';
import { type Contender, NotAvailable } from '../contenders/contender.js';
import { type ContenderName, makeContender } from '../contenders/contenders.js';
import { type Figure, samplesOf } from '../report/results.js';
import type { Session } from '../session.js';
import type { Group } from './group.js';
import { type Counts, parseSummary } from './strace-summary.js';

const names = ['uring', 'device'] as const satisfies readonly ContenderName[];
/** Milliseconds for strace to attach to all threads. */
const attaching = 1000;
/** Milliseconds that the appends may take under strace. */
const patience = 60_000;
/** Calls per append that are worth a line. */
const worthALine = 0.01;

async function traced(pids: readonly number[], report: string, body: () => Promise<unknown>): Promise<Counts> {
  const args = ['-c', '-f', '-q', '-o', report, ...pids.flatMap((pid) => ['-p', String(pid)])];
  const strace: ChildProcess = spawn('strace', args, { stdio: 'ignore' });
  try {
    await delay(attaching);
    await body();
  } finally {
    strace.kill('SIGINT');
    await ended(strace);
  }
  return parseSummary(readFileSync(report, 'utf8'));
}

async function callsOfOne(session: Session, contender: Contender, appends: number): Promise<Counts> {
  const paths = [join(contender.directory, 'traced.log')];
  const limit = { time: patience, operations: appends };
  const ready = await session.writers.prepare([{ kind: 'append', paths, size: 128, warmUp: 2000, limit }]);
  const report = `${session.newFolder()}.strace`;
  const counts = await traced(contender.servers(), report, () => ready.run());
  await ready.finish();
  return new Map([...counts].map(([name, count]) => [name, count / appends]));
}

function toFigures(counted: ReadonlyMap<ContenderName, Counts>): Figure[] {
  const titles = new Set([...counted.values()].flatMap((counts) => [...counts.keys()]));
  const figures = [...titles].map((title): Figure => {
    const samples = [...counted].map(([name, counts]) => samplesOf(name, [counts.get(title) ?? 0]));
    return { name: `calls-${title}`, title, unit: 'calls', samples };
  });
  const most = ({ samples }: Figure): number => Math.max(...samples.map(({ max }) => max));
  return figures.filter((figure) => most(figure) >= worthALine).sort((a, b) => most(b) - most(a));
}

export const calls: Group = {
  name: 'calls',
  title: 'System calls of the server for one tracked append of 128 B',
  note: 'Counted by `strace -c -f`, which slows the server: it looks for the next request in vain more often than without.',
  async run(session) {
    if (spawnSync('strace', ['--version'], { stdio: 'ignore' }).status !== 0) {
      throw new NotAvailable('strace is not installed');
    }
    const appends = session.pick(20_000, 3000);
    const folder = session.newFolder();
    const counted = new Map<ContenderName, Counts>();
    session.progress.announce(names.length);
    for (const name of names) {
      await session.withMounted([makeContender(name, folder)], async (present) => {
        for (const contender of present) counted.set(name, await callsOfOne(session, contender, appends));
        session.progress.step();
      });
    }
    return toFigures(counted);
  },
};
