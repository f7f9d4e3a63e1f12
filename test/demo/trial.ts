/**
 * One trial: a service logs at speed, its log is rotated under it, a collector drains the chunks meanwhile.
 *
 * Guarantees: every child process is one of {@link Trial.stop}'s, which ends them all by pid. Reads the mirror's files
 * and the chunks directly, never through the mount.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { streamOf } from '../harness/chunks.js';
import { compiledTest } from '../harness/project.js';
import { ChunkDrain } from './chunk-drain.js';
import type { DemoMount } from './demo-mount.js';
import { Follower } from './follower.js';
import { LineLedger } from './line-ledger.js';
import type { WriterReport } from './line-writer.js';
import type { RotationKind } from './rotator.js';

/** Rotations in one trial. */
export const rotations = 4;
/** Milliseconds between two rotations, and before the first and after the last. */
const interval = 1200;
/** Milliseconds between two passes of the collector. */
const drainInterval = 100;
/** Milliseconds that the last chunks may take to be sealed and drained. */
const drainPatience = 8000;
/** Milliseconds that `tail -F` gets to catch up; it looks once a second. */
const followPatience = 2500;

/** How far a trial is. */
export interface Progress {
  readonly written: number;
  readonly rotated: number;
  readonly drain: ChunkDrain;
  readonly captured: number;
  readonly followed: number;
}

/** What a trial found. Numbers of distinct lines. */
export interface Outcome {
  readonly kind: RotationKind;
  readonly written: number;
  /** Lines in the log and its rotated copies. */
  readonly inFiles: number;
  readonly captured: LineLedger;
  readonly followed: number;
  readonly chunks: number;
  /** Chunks that were not sealed in time. */
  readonly leftOver: number;
}

/** Runs one kind of rotation. */
export class Trial {
  private readonly kind: RotationKind;
  private readonly mount: DemoMount;
  private readonly name: string;
  private readonly log: string;
  private readonly captured = new LineLedger();
  private readonly drain: ChunkDrain;
  private readonly children = new Set<ChildProcess>();
  private follower: Follower | undefined;
  private written = 0;
  private rotated = 0;

  constructor(kind: RotationKind, mount: DemoMount) {
    this.kind = kind;
    this.mount = mount;
    this.name = `${kind}.log`;
    this.log = join(mount.mountpoint, this.name);
    this.drain = new ChunkDrain(mount.logs);
    this.drain.deliver(streamOf(this.log), this.captured);
  }

  /** @param onProgress - called about ten times a second */
  async run(onProgress: (progress: Progress) => void): Promise<Outcome> {
    const timer = setInterval(() => {
      this.drain.pass();
      onProgress(this.progress());
    }, drainInterval);
    try {
      await this.writeAndRotate();
      await Promise.all([this.drained(), delay(followPatience)]);
    } finally {
      clearInterval(timer);
      this.stop();
    }
    return this.outcome();
  }

  /** Ends all child processes at once. */
  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
    this.follower?.stop();
  }

  progress(): Progress {
    return {
      // The writer reports ten times a second; lines that have been captured meanwhile were written, too.
      written: Math.max(this.written, this.captured.distinct),
      rotated: this.rotated,
      drain: this.drain,
      captured: this.captured.distinct,
      followed: this.follower?.ledger.distinct ?? 0,
    };
  }

  private async writeAndRotate(): Promise<void> {
    const writer = this.start('line-writer.js', [this.log]);
    writer.on('message', (report: WriterReport) => {
      this.written = report.lines;
    });
    await reported(writer, 'open');
    this.follower = new Follower(this.log);
    writer.send('start');
    for (let rotation = 1; rotation <= rotations; rotation++) {
      await delay(interval);
      await this.rotate(`${this.log}.${rotation}`, writer);
    }
    await delay(interval);
    writer.send('stop');
    await reported(writer, 'stopped');
  }

  private async rotate(copy: string, writer: ChildProcess): Promise<void> {
    const rotator = this.start('rotator.js', [this.kind, this.log, copy]);
    const code = await new Promise<number | null>((resolve) => rotator.once('exit', resolve));
    if (code !== 0) throw new Error(`rotation by ${this.kind} failed`);
    if (this.kind === 'rename') writer.kill('SIGHUP');
    this.rotated++;
  }

  /** Waits until the collector has taken everything: `logs/` has become empty. */
  private async drained(): Promise<void> {
    const deadline = performance.now() + drainPatience;
    do await delay(drainInterval * 2);
    while (this.drain.waiting.length > 0 && performance.now() < deadline);
  }

  private outcome(): Outcome {
    const files = new LineLedger();
    for (const name of readdirSync(this.mount.mirror).filter((each) => each.startsWith(this.name))) {
      files.startFile();
      files.add(readFileSync(join(this.mount.mirror, name)));
    }
    return {
      kind: this.kind,
      written: this.written,
      inFiles: files.distinct,
      captured: this.captured,
      followed: this.follower?.ledger.distinct ?? 0,
      chunks: this.drain.chunks,
      leftOver: this.drain.waiting.length,
    };
  }

  private start(program: string, args: readonly string[]): ChildProcess {
    const child = fork(compiledTest(`demo/${program}`), args, { execArgv: [] });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }
}

/** Resolves when the writer says that it has reached a state; rejects when it ends before. */
function reported(writer: ChildProcess, state: WriterReport['state']): Promise<void> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the writer has ended; a write through the mount failed'));
    writer.once('exit', onExit);
    writer.on('message', (report: WriterReport) => {
      if (report.state !== state) return;
      writer.off('exit', onExit);
      resolve();
    });
  });
}
