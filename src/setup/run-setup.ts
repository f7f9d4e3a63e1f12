/**
 * `logagg-fs setup`: plan, ask, do, test, tell.
 *
 * Guarantees: nothing is changed before the plan was printed and agreed to. When a step fails, or on Ctrl-C, the steps before
 * it are taken back, the last first. A second run does what is missing, and nothing else.
 */
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { mountsAt } from '../fuse/mount-table.js';
import { confirm } from './confirm.js';
import { gatherFacts } from './host-facts.js';
import { LateLines } from './late-lines.js';
import { writersBelow } from './open-files.js';
import { printHolders, restartUnits } from './restarts.js';
import { describeStep, planSetup, type SetupRequest, type SetupStep } from './setup-plan.js';
import { readRecord, writeRecord } from './setup-record.js';
import { perform, type Undo } from './setup-steps.js';

export interface SetupFlags {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly restart: boolean;
  /** Longest time in seconds to wait for programs that have to be restarted. */
  readonly wait: number;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws LogaggError */
export async function runSetup(request: SetupRequest, flags: SetupFlags): Promise<void> {
  const { mountpoint, root } = request;
  const begun = performance.now();
  const steps = planSetup(request, gatherFacts(request));
  for (const step of steps) print(`- ${describeStep(step, request)}`);
  if (flags.dryRun) return printDryRun(mountpoint, steps.length);
  if (steps.length === 0) print(`${mountpoint} is set up already`);
  else if (!flags.yes) await confirm();
  const work = new SetupWork(request);
  try {
    await work.do(steps);
    if (steps.length > 0) print(`${mountpoint} is mounted and works (${secondsSince(begun)} s)`);
    await settleWriters(mountpoint, flags, work.late);
  } finally {
    work.close();
  }
  print(`what to capture: ${cachePaths(root).trackfiles}; what was captured: ${cachePaths(root).logs}`);
}

/** The steps, and what is left of them to be taken back. */
class SetupWork {
  late: LateLines | undefined;
  private readonly undos: Undo[] = [];
  private directoryFd: number | undefined;
  private interrupted = false;

  constructor(private readonly request: SetupRequest) {}

  async do(steps: readonly SetupStep[]): Promise<void> {
    const onSignal = (): void => {
      this.interrupted = true;
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    try {
      for (const step of steps) await this.doStep(step, steps);
      this.stopIfInterrupted();
    } catch (error) {
      for (const undo of this.undos.reverse()) undo();
      throw error;
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  }

  close(): void {
    if (this.directoryFd !== undefined) closeSync(this.directoryFd);
    this.directoryFd = undefined;
  }

  private async doStep(step: SetupStep, steps: readonly SetupStep[]): Promise<void> {
    if (step.kind === 'copy') {
      this.directoryFd = openSync(this.request.mountpoint, 'r');
      this.undos.push(() => this.emptyMirror());
    }
    if (step !== steps[0] || step.kind !== 'cache') this.record(steps);
    this.undos.push(await perform(step, this.request, () => this.beforeMount()));
    if (step.kind === 'cache') this.record(steps);
    this.stopIfInterrupted();
  }

  private beforeMount(): void {
    if (this.directoryFd === undefined) return;
    this.late = new LateLines(this.directoryFd, cachePaths(this.request.root).mirror, this.request.mountpoint);
  }

  /** Not after the mount: what was written meanwhile would be lost. */
  private emptyMirror(): void {
    const { mirror } = cachePaths(this.request.root);
    if (this.late !== undefined || mountsAt(mirror).length > 0) return;
    for (const name of readdirSync(mirror)) rmSync(join(mirror, name), { recursive: true });
  }

  private record(steps: readonly SetupStep[]): void {
    const { root, mountpoint, copy } = this.request;
    const before = readRecord(root);
    writeRecord(root, {
      version: 1,
      mountpoint,
      copy,
      madeCache: before?.madeCache === true || steps.some(({ kind }) => kind === 'cache'),
      links: [
        ...new Set([...(before?.links ?? []), ...steps.flatMap((step) => (step.kind === 'link' ? step.path : []))]),
      ],
      ioUring: before?.ioUring === true || steps.some(({ kind }) => kind === 'io-uring'),
      time: before?.time ?? Date.now(),
    });
  }

  private stopIfInterrupted(): void {
    if (this.interrupted) throw new LogaggError('LOGAGG_SETUP', 'interrupted: everything is as it was');
  }
}

/** Programs that still write to what the mount hides: names or restarts them, and brings their lines along. */
async function settleWriters(mountpoint: string, flags: SetupFlags, late: LateLines | undefined): Promise<void> {
  let holders = writersBelow(mountpoint, 'underneath');
  late?.bring(holders.length === 0);
  if (holders.length === 0) return;
  if (flags.restart) restartUnits(holders);
  else {
    const meanwhile =
      late === undefined ? 'are in the real files but not captured' : 'are brought along by this command';
    print(`These write to files that were open before the mount. Until they are restarted, their lines ${meanwhile}:`);
    printHolders(holders);
  }
  if (late === undefined && !flags.restart) return;
  const end = performance.now() + flags.wait * 1000;
  while (holders.length > 0 && performance.now() < end) {
    await delay(late === undefined ? 100 : 500);
    // Looked for before: a writer that ends in between has written all that it will by then.
    holders = writersBelow(mountpoint, 'underneath');
    late?.bring(holders.length === 0);
  }
  if (late !== undefined) print(`${late.bytes} bytes that were written after the copy were brought along`);
  if (holders.length === 0) return;
  const kind = late === undefined ? 'not captured' : 'lost from now on: restart them, then look into the hidden files';
  print(`After ${flags.wait} s these still write to files that were open before the mount; their lines are ${kind}:`);
  printHolders(holders);
}

function printDryRun(mountpoint: string, steps: number): void {
  const holders = mountsAt(mountpoint).length > 0 && steps === 0 ? [] : writersBelow(mountpoint, 'underneath');
  if (holders.length > 0) print('afterwards these have to be restarted:');
  printHolders(holders);
  print(steps === 0 ? `${mountpoint} is set up already` : 'nothing was changed (--dry-run)');
}

function secondsSince(begun: number): string {
  return ((performance.now() - begun) / 1000).toFixed(1);
}
