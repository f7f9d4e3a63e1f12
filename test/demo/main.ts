/**
 * `npm start`: the main job, shown. A log is rotated under its writer, and every line is captured all the same.
 *
 * Guarantees: nothing is left behind, also after Ctrl-C or a failure. Exit code 0 when every line was captured exactly
 * once, 1 otherwise. Needs root and /dev/fuse, and no package besides Node.
 */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { DemoMount } from './demo-mount.js';
import { finalReport, isInOrder, liveBlock, plainLine, stories } from './report.js';
import type { RotationKind } from './rotator.js';
import { bold, count, cyan, dim, green, isLive, paint, print, red } from './screen.js';
import { type Outcome, type Progress, Trial } from './trial.js';

/** Milliseconds after which something hangs. */
const timeLimit = 60_000;

const kinds: readonly RotationKind[] = ['copytruncate', 'rename'];

/** Why the demonstration can't run here, or undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting needs root: run it with sudo or as root';
  if (!existsSync('/dev/fuse')) return '/dev/fuse is missing: load the kernel module fuse (modprobe fuse)';
  return undefined;
}

function introduce(mount: DemoMount): void {
  print();
  print(`  ${bold('logagg-fs')} captures every line that is written to a log, whatever rotation does to the file.`);
  print();
  print(`  ${cyan('$')} logagg-fs ${mount.mountpoint} -o ${mount.options}`);
  print(`    ${dim('mirror/')}          the real files`);
  print(`    ${dim('trackfiles.txt')}   ${mount.pattern}`);
  print(`    ${dim('logs/')}            captured lines in chunks, for a collector to read and delete`);
}

/** On a terminal a block that lives, else one line after each rotation. */
function showProgress(): (progress: Progress) => void {
  let shown = 0;
  return (progress) => {
    paint(liveBlock(progress));
    if (isLive || progress.rotated === shown) return;
    shown = progress.rotated;
    print(plainLine(progress));
  };
}

async function show(mount: DemoMount, running: Set<Trial>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, kind] of kinds.entries()) {
    print();
    print(`  ${bold(`${index + 1}. ${kind}`)}: ${stories[kind]}`);
    const trial = new Trial(kind, mount);
    running.add(trial);
    const outcome = await trial.run(showProgress());
    running.delete(trial);
    outcomes.push(outcome);
    print(
      `    ${count(outcome.written)} lines written, ${count(outcome.captured.distinct)} captured in ${outcome.chunks} chunks`,
    );
  }
  return outcomes;
}

function conclude(outcomes: readonly Outcome[]): void {
  const inOrder = outcomes.every(isInOrder);
  print();
  for (const line of finalReport(outcomes)) print(line);
  print();
  print(
    inOrder
      ? green('  Every line was captured once, in order. Unmounted, everything removed.')
      : red('  Captured lines differ from written ones. Unmounted, everything removed.'),
  );
  print();
  process.exitCode = inOrder ? 0 : 1;
}

async function demonstrate(): Promise<void> {
  const mount = new DemoMount();
  const running = new Set<Trial>();
  const end = (): void => {
    for (const trial of running) trial.stop();
    mount.end();
  };
  const giveUp = (reason: string, code: number): void => {
    end();
    print(red(`  ${reason}; unmounted, everything removed`));
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => giveUp('interrupted', 128 + constants.signals[signal]));
  }
  // Whatever else ends this process, such as a closed pipe behind its output.
  process.once('exit', end);
  setTimeout(giveUp, timeLimit, `no end after ${timeLimit / 1000} s: something hangs`, 1).unref();
  let outcomes: Outcome[] | undefined;
  try {
    mount.mount();
    introduce(mount);
    outcomes = await show(mount, running);
  } catch (error) {
    print(red(`  demonstration failed: ${error instanceof Error ? error.message : String(error)}`));
    process.exitCode = 1;
  } finally {
    end();
  }
  if (outcomes !== undefined) conclude(outcomes);
}

const reason = obstacle();
if (reason === undefined) await demonstrate();
else {
  process.stderr.write(`logagg-fs demonstration: ${reason}\n`);
  process.exitCode = 1;
}
