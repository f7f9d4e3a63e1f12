/**
 * The benchmark's writers: child processes that run jobs.
 *
 * Guarantees: a job that takes longer than its time limit allows fails instead of hanging the benchmark, and its writer
 * is replaced. After {@link Writers.stop} no writer is left. Writers are started when they are first needed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { compiledTest } from '../../harness/project.js';
import type { Job, Measurement } from './job.js';
import type { Answer, Order } from './writer.js';

/** Milliseconds that a step of a job may take beyond its own time limit. */
const patience = 30_000;

/** Jobs that wait to be run, one on each writer, and that can be run again. */
export interface ReadyJobs {
  /** Runs all of them at the same time. */
  run(): Promise<Measurement[]>;
  finish(): Promise<void>;
}

/** Writers that wait for jobs. */
export class Writers {
  private readonly children: (ChildProcess | undefined)[] = [];

  /** Pids of the first `count` writers. */
  pids(count: number): number[] {
    return Array.from({ length: count }, (_, index) => this.child(index).pid ?? []).flat();
  }

  /**
   * Prepares one job on each writer.
   *
   * @param first - number of the first writer to use
   */
  async prepare(jobs: readonly Job[], first = 0): Promise<ReadyJobs> {
    const all = (order: (job: Job) => Order): Promise<Answer[]> =>
      Promise.all(jobs.map((job, index) => this.ask(first + index, order(job), job.limit.time)));
    await all((job) => ({ order: 'prepare', job }));
    return {
      run: async () => {
        const answers = await all(() => ({ order: 'go' }));
        return answers.flatMap((answer) => (answer.answer === 'done' ? [answer.measurement] : []));
      },
      finish: async () => {
        await all(() => ({ order: 'finish' }));
      },
    };
  }

  /** Runs one job on each of the first writers, all at the same time. */
  async run(jobs: readonly Job[]): Promise<Measurement[]> {
    const ready = await this.prepare(jobs);
    const measurements = await ready.run();
    await ready.finish();
    return measurements;
  }

  /** Ends all writers at once. */
  stop(): void {
    for (const index of this.children.keys()) this.discard(index);
  }

  private child(index: number): ChildProcess {
    const child = this.children[index] ?? fork(compiledTest('bench/load/writer.js'), { execArgv: [] });
    this.children[index] = child;
    return child;
  }

  /** What a writer has left open would stay open in it. */
  private discard(index: number): void {
    this.children[index]?.kill('SIGKILL');
    this.children[index] = undefined;
  }

  private async ask(index: number, order: Order, limit: number): Promise<Answer> {
    try {
      return await answerOf(this.child(index), order, limit + patience);
    } catch (error) {
      this.discard(index);
      throw error;
    }
  }
}

function answerOf(child: ChildProcess, order: Order, limit: number): Promise<Answer> {
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
    const timer = setTimeout(() => settle(() => reject(new Error('a writer does not answer'))), limit);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(order);
  });
}
