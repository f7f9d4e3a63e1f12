/**
 * `npm run bench`: how fast the mount is beside a plain directory, bindfs and mergerfs, in one run on one machine.
 *
 * Guarantees: nothing is left behind, also after Ctrl-C. Exit code 1 when our own mount could not take part, 0
 * otherwise. Does not judge the figures: this is a benchmark, not a test.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { projectRoot } from '../harness/project.js';
import { contenderNames } from './contenders.js';
import { describeMachine, type Results } from './results.js';
import { Session } from './session.js';
import { markdown } from './tables.js';
import { workloads } from './workloads.js';

interface Arguments {
  readonly quick?: true;
  readonly memory?: true;
  readonly only?: string[];
  readonly contenders: string[];
  readonly options: string;
  readonly json?: string;
}

const full = { runs: 5, time: 1000, memorySteps: [0, 100_000, 1_000_000] };
const quick = { runs: 3, time: 120, memorySteps: [0, 100_000] };

function parseArguments(): Arguments {
  const names = workloads.map(({ name }) => name);
  const program = new Command('bench')
    .description('Measures logagg-fs beside a plain directory, bindfs and mergerfs. Needs root.')
    .option('--quick', 'shorter and fewer runs; under a minute')
    .option('--memory', "only the server's memory, after up to a million tracked writes")
    .option('--only <name...>', `only these workloads: ${names.join(', ')}`)
    .option('--contenders <name...>', 'only these contenders', contenderNames)
    .option('--options <list>', 'extra mount options for logagg-fs, for example passthrough=off', '')
    .option('--json <file>', 'where to write the results (a full run: test/bench/results/latest.json)')
    .parse();
  const given = program.opts<Arguments>();
  refuseUnknown(program, given.only ?? [], names);
  refuseUnknown(program, given.contenders, contenderNames);
  return given;
}

function refuseUnknown(program: Command, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) program.error(`error: unknown name '${unknown}'; known are ${known.join(', ')}`);
}

/** On a terminal one line that is overwritten, else nothing: standard output is for the tables. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

async function measure(session: Session, given: Arguments): Promise<Results> {
  const { runs, time, memorySteps } = given.quick ? quick : full;
  const chosen = workloads.filter(({ name }) => !given.memory && (given.only?.includes(name) ?? true));
  const withMemory = given.memory || (given.only === undefined && given.contenders.includes('tracked'));
  const writerCost = await session.measureWriter();
  const speed = chosen.length === 0 ? [] : await session.measure(chosen, given.contenders);
  const steps = given.memory ? full.memorySteps : memorySteps;
  const memory = withMemory ? await session.measureMemory(steps) : [];
  return {
    date: new Date().toISOString(),
    machine: describeMachine(),
    setting: { quick: given.quick ?? false, runs, time, options: given.options },
    writerCost,
    workloads: speed,
    memory,
    missing: session.missing,
  };
}

/** The committed figures come from complete runs only. */
function jsonFile(given: Arguments): string | undefined {
  const partial =
    given.quick ||
    given.memory ||
    given.only ||
    given.options !== '' ||
    given.contenders.length < contenderNames.length;
  return given.json ?? (partial ? undefined : join(projectRoot, 'test/bench/results/latest.json'));
}

async function main(): Promise<void> {
  const given = parseArguments();
  const session = new Session({ ...(given.quick ? quick : full), options: given.options, progress });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  // However this process ends: nothing may stay mounted.
  process.once('exit', () => session.end());
  try {
    const results = await measure(session, given);
    progress('');
    process.stdout.write(markdown(results));
    const file = jsonFile(given);
    if (file !== undefined) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
    }
    process.exitCode = (results.missing.tracked ?? results.missing.untracked) ? 1 : 0;
  } finally {
    session.end();
  }
}

if (process.getuid?.() === 0) await main();
else {
  process.stderr.write('bench: mounting needs root; run it as root or with sudo\n');
  process.exitCode = 1;
}
