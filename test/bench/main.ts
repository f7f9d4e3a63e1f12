/**
 * `npm run bench`: how fast the mount is beside a plain directory, bindfs and mergerfs, in one run on one machine.
 *
 * Guarantees: nothing is left behind, also after Ctrl-C. Exit code 1 when something of ours failed that should work, 0
 * otherwise. Does not judge the figures: this is a benchmark, not a test.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { installPackages } from '../harness/debian-packages.js';
import { projectRoot } from '../harness/project.js';
import type { Group } from './groups/group.js';
import { groups } from './groups/groups.js';
import { Progress } from './progress.js';
import { describeMachine, type GroupResult, type Results } from './report/results.js';
import { drawResults, writeResults } from './report/results-folder.js';
import { markdown } from './report/tables.js';
import { Session, type Setting } from './session.js';

interface Arguments {
  readonly quick?: true;
  readonly only?: string[];
  readonly output?: string;
  readonly render?: true;
}

const full: Setting = { quick: false, runs: 5, time: 200 };
const quick: Setting = { quick: true, runs: 3, time: 50 };

/** Where the committed figures are. */
const committed = join(projectRoot, 'test/bench/results');

/** Besides what Debian's base has. */
const packages = ['bindfs', 'mergerfs', 'fuse3', 'libfuse2', 'strace', 'rsyslog'];

function parseArguments(): Arguments {
  const names = groups.map(({ name }) => name);
  return new Command('bench')
    .description(
      'Measures logagg-fs beside a plain directory, bindfs and mergerfs. Needs root; a full run takes 10 to 15 minutes.',
    )
    .option('--quick', 'a choice of work, with fewer and shorter samples; under a minute')
    .addOption(new Option('--only <group...>', 'only these groups').choices(names))
    .option('--output <folder>', `where latest.json and the charts go (a complete run: test/bench/results)`)
    .option(
      '--render',
      'measure nothing: print the tables of the latest.json that is there, and write them and the charts beside it',
    )
    .addHelpText('after', `\nGroups:\n${groups.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}`)
    .parse()
    .opts<Arguments>();
}

/** A group that fails does not take the others with it. */
async function runGroup(session: Session, group: Group): Promise<GroupResult> {
  const { name, title, note } = group;
  session.missing = [];
  const figures = await group.run(session).catch((error: unknown) => {
    session.leaveOut(name, error);
    return [];
  });
  session.progress.show('tidying up');
  session.clear();
  return { name, title, ...(note === undefined ? {} : { note }), figures, missing: session.missing };
}

async function measure(session: Session, chosen: readonly Group[]): Promise<Results> {
  const { progress, setting } = session;
  const machine = describeMachine();
  const writerCost = await session.measureWriter();
  const results: GroupResult[] = [];
  for (const [index, group] of chosen.entries()) {
    progress.beginGroup(`${index + 1}/${chosen.length}`, group.name);
    results.push(await runGroup(session, group));
    progress.endGroup();
  }
  progress.end();
  return { date: new Date().toISOString(), machine, setting, writerCost, groups: results };
}

async function bench(given: Arguments): Promise<void> {
  const setting = given.quick ? quick : full;
  const chosen = groups.filter(({ name }) => given.only?.includes(name) ?? true);
  const progress = new Progress();
  const session = new Session(setting, progress);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  // However this process ends: nothing may stay mounted.
  process.once('exit', () => {
    progress.abandon();
    session.end();
  });
  const results = await measure(session, chosen);
  session.end();
  process.stdout.write(markdown(results));
  // The committed figures come from complete runs only.
  const isComplete = !given.quick && given.only === undefined;
  const folder = given.output ?? (isComplete ? committed : undefined);
  if (folder !== undefined) writeResults(folder, results);
  process.exitCode = session.failed ? 1 : 0;
}

function render(folder: string): void {
  const results = JSON.parse(readFileSync(join(folder, 'latest.json'), 'utf8')) as Results;
  drawResults(folder, results);
  process.stdout.write(markdown(results));
}

const given = parseArguments();
if (given.render) render(given.output ?? committed);
else if (process.getuid?.() === 0) {
  installPackages(packages);
  await bench(given);
} else {
  process.stderr.write('bench: mounting needs root; run it as root or with sudo\n');
  process.exitCode = 1;
}
