/**
 * One benchmark run: its temporary folder, its contenders and its writers.
 *
 * Guarantees: {@link Session.end} leaves no mount, no process and no file behind, also in the middle of a run; it never
 * removes files through a mount. A contender that can't be mounted, or that fails on the way, is left out and named in
 * {@link Session.missing}; the others go on.
 */
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuseMounts } from '../harness/fuse-mounts.js';
import { type Contender, NotAvailable } from './contenders/contender.js';
import { type ContenderName, makeContender } from './contenders/contenders.js';
import { UringParameter } from './contenders/uring-parameter.js';
import { timeOfOne } from './load/job.js';
import { Writers } from './load/writers.js';
import type { Progress } from './progress.js';
import { type Figure, samplesOf } from './report/results.js';
import { inRounds } from './rounds.js';

/** How long to measure. */
export interface Setting {
  readonly quick: boolean;
  /** Rounds: values for each figure and contender. */
  readonly runs: number;
  /** Milliseconds of one timed run. */
  readonly time: number;
}

/** One kind of load, whose sample is the time of one operation in microseconds. */
export interface Workload {
  readonly name: string;
  /** What the tables call it. */
  readonly title: string;
  /** Bytes that one operation moves, where bytes a second are what counts. */
  readonly bytes?: number;
  sample(contender: Contender, session: Session): Promise<number>;
}

export class Session {
  /** Who could not take part in the current group, and why: one line each. */
  missing: string[] = [];
  /** Whether something failed that should not. */
  failed = false;
  readonly setting: Setting;
  readonly progress: Progress;
  readonly writers = new Writers();
  private readonly root: string;
  private folders = 0;
  private readonly mounted = new Set<Contender>();
  private readonly uring = new UringParameter();

  constructor(setting: Setting, progress: Progress) {
    this.setting = setting;
    this.progress = progress;
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'logagg-fs-bench-')));
    this.uring.turnOn();
  }

  /** One of two values: for the full run and for the quick one. */
  pick<T>(full: T, quick: T): T {
    return this.setting.quick ? quick : full;
  }

  /** Path of a folder that does not exist yet. */
  newFolder(): string {
    return join(this.root, String(this.folders++));
  }

  /** Removes what a group has left in its folders: nothing is mounted between groups. */
  clear(): void {
    const isMounted = fuseMounts().some(({ mountpoint }) => mountpoint.startsWith(`${this.root}/`));
    if (!isMounted) for (const name of readdirSync(this.root)) rmSync(join(this.root, name), { recursive: true });
  }

  /** Microseconds that one write costs when the kernel does nothing with it. */
  async measureWriter(): Promise<number> {
    const limit = { time: this.setting.time, operations: Number.MAX_SAFE_INTEGER };
    const job = { kind: 'append', paths: ['/dev/null'], size: 128, warmUp: 20_000, keep: true, limit } as const;
    return timeOfOne(await this.writers.run([job]));
  }

  /** Measures each workload on each contender, in rounds, each contender mounted once. */
  compare(workloads: readonly Workload[], names: readonly ContenderName[]): Promise<Figure[]> {
    const folder = this.newFolder();
    const contenders = names.map((name) => makeContender(name, folder));
    this.progress.announce(workloads.length * names.length * this.setting.runs);
    return this.withMounted(contenders, async (present) => {
      const figures: Figure[] = [];
      const failed = new Set<Contender>();
      for (const workload of workloads) {
        const entrants = present.filter((contender) => !failed.has(contender));
        figures.push(await this.measure(workload, entrants, (contender) => failed.add(contender)));
      }
      return figures;
    });
  }

  /** Sets contenders up, lets `body` work with those that could be, and tears all down. */
  async withMounted<C extends Contender, T>(
    contenders: readonly C[],
    body: (present: readonly C[]) => Promise<T>,
  ): Promise<T> {
    try {
      return await body(contenders.filter((contender) => this.canSetUp(contender)));
    } finally {
      for (const contender of contenders) this.tearDown(contender);
    }
  }

  /** Sets one contender up. Throws an error of one line when it can't be; nothing is left of it then. */
  setUp(contender: Contender): void {
    this.mounted.add(contender);
    try {
      contender.setUp();
    } catch (error) {
      this.tearDown(contender);
      throw error;
    }
  }

  tearDown(contender: Contender): void {
    contender.tearDown();
    this.mounted.delete(contender);
  }

  /** Notes that something is left out. */
  leaveOut(what: string, error: unknown): void {
    const line = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (!this.missing.includes(line)) this.missing.push(line);
    if (!(error instanceof NotAvailable)) this.failed = true;
  }

  /** Ends everything. Can be called at any time, and again. */
  end(): void {
    this.writers.stop();
    for (const contender of [...this.mounted]) this.tearDown(contender);
    this.uring.restore();
    if (!existsSync(this.root)) return;
    this.clear();
    if (readdirSync(this.root).length === 0) rmdirSync(this.root);
  }

  private canSetUp(contender: Contender): boolean {
    try {
      this.setUp(contender);
      return true;
    } catch (error) {
      this.leaveOut(contender.name, error);
      return false;
    }
  }

  private async measure(
    { name, title, bytes, sample }: Workload,
    contenders: readonly Contender[],
    onFailure: (contender: Contender) => void,
  ): Promise<Figure> {
    const sampleOnce = async (contender: Contender, round: number): Promise<number> => {
      this.progress.show(`${title}, round ${round + 1}, ${contender.name}`);
      const value = await sample(contender, this);
      contender.tidy();
      this.progress.step();
      return value;
    };
    const entrants = await inRounds(contenders, this.setting.runs, sampleOnce, (contender, error) => {
      this.leaveOut(`${contender.name}, ${title}`, error);
      onFailure(contender);
    });
    const samples = entrants.map(({ subject, values }) => samplesOf(subject.name as ContenderName, values));
    return { name, title, unit: 'µs', ...(bytes === undefined ? {} : { bytes }), samples };
  }
}
