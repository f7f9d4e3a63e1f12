/**
 * One benchmark run: its temporary folder, its contenders and its writers.
 *
 * Guarantees: {@link Session.end} leaves no mount, no process and no file behind, also in the middle of a run; it never
 * removes files through a mount. The contenders are measured in turn, run by run, so that a machine that gets slower
 * over time slows all of them alike.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuseMounts } from '../harness/fuse-mounts.js';
import { type Contender, type ContenderName, contendersIn } from './contenders.js';
import { type MemoryFigure, measureMemory } from './memory.js';
import type { WorkloadResult } from './results.js';
import type { Setting, Workload } from './workloads.js';
import { Writers } from './writers.js';

const writerCount = 4;
const readFileBytes = 256 * 1024 * 1024;

/** How to run. */
export interface SessionOptions {
  readonly runs: number;
  /** Milliseconds of one timed run. */
  readonly time: number;
  /** Extra mount options of ours, separated by commas. */
  readonly options: string;
  /** Called with one line when something begins. */
  readonly progress: (line: string) => void;
}

/** Everything that a benchmark run holds. */
export class Session {
  /** Contenders that could not be mounted, with the reason. */
  readonly missing: Partial<Record<ContenderName, string>> = {};
  private readonly folder: string;
  private readonly options: SessionOptions;
  private readonly writers = new Writers(writerCount);
  private readonly mounted = new Set<Contender>();

  constructor(options: SessionOptions) {
    this.options = options;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'logagg-fs-bench-')));
  }

  /** Microseconds that one write costs when the kernel does nothing with it. */
  async measureWriter(): Promise<number> {
    const limit = { time: this.options.time, operations: Number.MAX_SAFE_INTEGER };
    const job = { kind: 'append', path: '/dev/null', size: 128, warmUp: 20_000, keep: true, limit } as const;
    const [measurement] = await this.writers.run([job]);
    if (measurement === undefined) throw new Error('the writer did not answer');
    return (measurement.end - measurement.begin) / measurement.operations;
  }

  /** Measures every workload on every contender of that name. */
  async measure(workloads: readonly Workload[], contenderNames: readonly string[]): Promise<WorkloadResult[]> {
    const contenders = contendersIn(join(this.folder, 'speed'), this.options.options);
    const present = contenders.filter(({ name }) => contenderNames.includes(name)).filter((each) => this.setUp(each));
    const setting: Setting = { writers: this.writers, time: this.options.time, readFile: this.makeReadFile() };
    const results: WorkloadResult[] = [];
    for (const workload of workloads) results.push(await this.measureWorkload(workload, present, setting));
    for (const contender of present) this.tearDown(contender);
    return results;
  }

  /** Memory of a mount of ours, made for this, after these numbers of tracked writes. */
  async measureMemory(steps: readonly number[]): Promise<MemoryFigure[]> {
    const ours = contendersIn(join(this.folder, 'memory'), this.options.options).find(({ name }) => name === 'tracked');
    if (ours === undefined || !this.setUp(ours)) return [];
    this.options.progress('memory');
    const figures = await measureMemory(ours, this.writers, steps);
    this.tearDown(ours);
    return figures;
  }

  /** Ends everything. Can be called at any time, and again. */
  end(): void {
    this.writers.stop();
    for (const contender of [...this.mounted]) this.tearDown(contender);
    const stillMounted = fuseMounts().some(({ mountpoint }) => mountpoint.startsWith(`${this.folder}/`));
    if (!stillMounted) rmSync(this.folder, { recursive: true, force: true });
  }

  private async measureWorkload(
    workload: Workload,
    contenders: readonly Contender[],
    setting: Setting,
  ): Promise<WorkloadResult> {
    const { name, title, bytes } = workload;
    const samples = contenders.map((contender) => ({ contender, microseconds: [] as number[] }));
    for (let run = 0; run < this.options.runs; run++) {
      this.options.progress(`${title}, run ${run + 1} of ${this.options.runs}`);
      for (const { contender, microseconds } of samples) {
        microseconds.push(await workload.sample(contender, setting));
        contender.betweenRuns();
      }
    }
    return {
      name,
      title,
      ...(bytes === undefined ? {} : { bytes }),
      contenders: samples.map(({ contender, microseconds }) => ({ contender: contender.name, microseconds })),
    };
  }

  private setUp(contender: Contender): boolean {
    this.mounted.add(contender);
    try {
      contender.setUp();
      return true;
    } catch (error) {
      this.missing[contender.name] = error instanceof Error ? error.message : String(error);
      this.tearDown(contender);
      return false;
    }
  }

  private tearDown(contender: Contender): void {
    contender.tearDown();
    this.mounted.delete(contender);
  }

  /** Written beneath the mounts; being written, it is in the page cache. */
  private makeReadFile(): string {
    mkdirSync(this.folder, { recursive: true });
    const path = join(this.folder, 'read.data');
    writeFileSync(path, Buffer.alloc(readFileBytes, 'a log line that is read back\n'));
    return path;
  }
}
