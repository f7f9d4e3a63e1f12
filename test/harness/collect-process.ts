/**
 * A real `logagg-fs collect`, started by a test.
 *
 * Guarantees: what it writes to standard output and standard error is kept; it is killed at the end of the test at the latest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { CleanUpRegistry } from './mount-fixture.js';
import { launcher } from './project.js';

export interface CollectEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class CollectProcess {
  readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private readonly out: Buffer[] = [];
  private readonly said: Buffer[] = [];

  /**
   * @param args - behind `collect`
   * @param options - `env`: the whole environment, none unless given; `stdout`: `ignored` leaves it unread
   */
  constructor(
    context: CleanUpRegistry,
    args: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly stdout?: 'kept' | 'ignored' } = {},
  ) {
    this.child = spawn(launcher, ['collect', ...args], { env: options.env ?? {}, stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'close');
    if (options.stdout !== 'ignored') this.stdout.on('data', (part: Buffer) => this.out.push(part));
    this.child.stderr?.on('data', (part: Buffer) => this.said.push(part));
    context.after(async () => {
      this.child.kill('SIGKILL');
      this.stdout.resume();
      await this.ended;
    });
  }

  get stdout(): Readable {
    if (this.child.stdout === null) throw new Error('the collector has no standard output');
    return this.child.stdout;
  }

  /** What it wrote to standard output so far. */
  get delivered(): string {
    return Buffer.concat(this.out).toString();
  }

  get stderr(): string {
    return Buffer.concat(this.said).toString();
  }

  /** Lines of its log, parsed. */
  get log(): Record<string, unknown>[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for its end. */
  async end(): Promise<CollectEnd> {
    await this.ended;
    return { code: this.child.exitCode, stdout: this.delivered, stderr: this.stderr };
  }

  /** Kills it after a while, if it has not ended by then. */
  async killAfter(milliseconds: number): Promise<void> {
    await delay(milliseconds);
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** Runs a collector to its end. */
export function collect(
  context: CleanUpRegistry,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<CollectEnd> {
  return new CollectProcess(context, args, env === undefined ? {} : { env }).end();
}
