/**
 * How fast the collector drains a backlog, beside rsyslog's imfile doing the same job.
 *
 * Guarantees: both read the same chunks from the page cache and write every line to a file on the same disk, whose size
 * is checked. Starting the program is within the time. rsyslog counts as done when its output is complete.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { launcher } from '../../harness/project.js';
import { Backlog } from '../collecting/backlog.js';
import { type Drain, drainWithCollect, drainWithImfile } from '../collecting/drain.js';
import { NotAvailable } from '../contenders/contender.js';
import { type ContenderName, versionOf } from '../contenders/contenders.js';
import { type Figure, samplesOf } from '../report/results.js';
import { inRounds } from '../rounds.js';
import type { Session } from '../session.js';
import type { Group } from './group.js';

/** Whether this version has the command at all. */
function canCollect(): boolean {
  const { stdout } = spawnSync(launcher, ['--help'], { encoding: 'utf8' });
  return /^\s+collect\b/m.test(stdout);
}

type DrainBy = (backlog: Backlog, root: string) => Promise<Drain>;

/** One backlog, drained by those who can. */
interface Case {
  readonly name: string;
  readonly title: string;
  readonly backlog: Backlog;
  readonly drains: Partial<Record<ContenderName, DrainBy>>;
}

const raw = (backlog: Backlog, root: string): Promise<Drain> => drainWithCollect(backlog, root, 'raw');
const ndjson = (backlog: Backlog, root: string): Promise<Drain> => drainWithCollect(backlog, root, 'ndjson');

function cases(session: Session): Case[] {
  const large = new Backlog({ chunks: session.pick(1000, 100), linesPerChunk: 4000, streams: 50 });
  const middling = new Backlog({ chunks: session.pick(250, 25), linesPerChunk: 4000, streams: 50 });
  const small = new Backlog({ chunks: 100_000, linesPerChunk: 2, streams: 1000 });
  const imfile = versionOf('rsyslogd', '-v') === undefined ? {} : { imfile: drainWithImfile };
  const all: Case[] = [
    { name: 'raw', title: 'large backlog, raw', backlog: large, drains: { collect: raw } },
    { name: 'lines', title: 'lines as they are', backlog: middling, drains: { collect: raw, ...imfile } },
    { name: 'ndjson', title: 'ndjson', backlog: middling, drains: { collect: ndjson } },
    { name: 'small', title: '100,000 small chunks, raw', backlog: small, drains: { collect: raw } },
  ];
  return session.pick(all, all.slice(0, 3));
}

async function measureCase(session: Session, { name, title, backlog, drains }: Case): Promise<Figure[]> {
  const found = new Map<ContenderName, Drain[]>();
  const failed = (who: string, error: unknown): void => session.leaveOut(`${who}, ${title}`, error);
  const subjects = Object.entries(drains) as [ContenderName, DrainBy][];
  await inRounds(
    subjects,
    session.setting.runs,
    async ([who, drain], round) => {
      session.progress.show(`${title}, round ${round + 1}, ${who}`);
      const folder = session.newFolder();
      mkdirSync(folder);
      backlog.fill(folder);
      const drained = await drain(backlog, folder);
      found.set(who, [...(found.get(who) ?? []), drained]);
      rmSync(folder, { recursive: true, force: true });
      session.progress.step();
      return drained.seconds;
    },
    ([who], error) => failed(who, error),
  );
  const figure = (suffix: string, unit: Figure['unit'], what: string, value: (drain: Drain) => number): Figure => ({
    name: `collect-${name}-${suffix}`,
    title: `${title}: ${what}`,
    unit,
    samples: [...found].map(([who, all]) => samplesOf(who, all.map(value))),
  });
  return [
    figure('bytes', 'MB/s', 'bytes of the log', ({ seconds }) => backlog.bytes / 1e6 / seconds),
    figure('lines', 'lines/s', 'lines', ({ seconds }) => backlog.lines / seconds),
    figure('memory', 'MB', 'largest PSS', ({ memory }) => memory / 1e6),
  ];
}

export const collector: Group = {
  name: 'collector',
  title: 'Collector: a backlog drained to a file',
  note: 'Lines of 128 B. The start of the program is within the time. More is better, except for memory.',
  async run(session) {
    if (!canCollect()) throw new NotAvailable('this version has no `logagg-fs collect` yet');
    const all = cases(session);
    session.progress.announce(
      all.reduce((sum, { drains }) => sum + Object.keys(drains).length, 0) * session.setting.runs,
    );
    const figures: Figure[] = [];
    for (const each of all) figures.push(...(await measureCase(session, each)));
    return figures;
  },
};
