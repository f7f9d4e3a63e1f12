/**
 * The benchmark's writers: child processes that run jobs, and where they run.
 *
 * Guarantees: a job that takes longer than its time limit allows fails instead of hanging the benchmark. After
 * {@link Writers.stop} no writer is left. Pinning needs taskset (util-linux).
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { compiledTest } from '../harness/project.js';
import type { Answer, Order } from './append-writer.js';
import type { Job, Measurement } from './jobs.js';

/** Milliseconds that a step of a job may take beyond its own time limit. */
const patience = 60_000;

/** The CPUs that this process may run on, as taskset's list, for example `0-3`. */
export function allowedCpus(): string {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
}

/** The last of the allowed CPUs; the first one often serves the host's interrupts. */
export function lastCpu(): string {
  return /\d+$/.exec(allowedCpus())?.[0] ?? '0';
}

/** Lets all threads of the processes run on these CPUs only. */
export function pin(pids: readonly number[], cpus: string): void {
  for (const pid of pids) execFileSync('taskset', ['-a', '-p', '-c', cpus, String(pid)], { stdio: 'ignore' });
}

/** A fixed number of writers that wait for jobs. */
export class Writers {
  private readonly children: readonly ChildProcess[];

  constructor(count: number) {
    const program = compiledTest('bench/append-writer.js');
    this.children = Array.from({ length: count }, () => fork(program, { execArgv: [] }));
  }

  /** Pids of the first `count` writers. */
  pids(count: number): number[] {
    return this.children.slice(0, count).flatMap((child) => child.pid ?? []);
  }

  /** Runs one job on each of the first writers, all at the same time. */
  async run(jobs: readonly Job[]): Promise<Measurement[]> {
    const pairs = jobs.map((job, index) => ({ job, child: this.child(index) }));
    await Promise.all(pairs.map(({ job, child }) => ask(child, { order: 'prepare', job }, job.limit.time)));
    const answers = await Promise.all(pairs.map(({ job, child }) => ask(child, { order: 'go' }, job.limit.time)));
    return answers.flatMap((answer) => (answer.answer === 'done' ? [answer.measurement] : []));
  }

  /** Ends all writers at once. */
  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }

  private child(index: number): ChildProcess {
    const child = this.children[index];
    if (child === undefined) throw new Error(`there are only ${this.children.length} writers`);
    return child;
  }
}

function ask(child: ChildProcess, order: Order, limit: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      finish();
    };
    const onMessage = (answer: Answer): void => {
      settle(() => (answer.answer === 'failed' ? reject(new Error(answer.reason)) : resolve(answer)));
    };
    const onExit = (): void => settle(() => reject(new Error('a writer has ended')));
    const timer = setTimeout(() => settle(() => reject(new Error('a writer does not answer'))), limit + patience);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(order);
  });
}
