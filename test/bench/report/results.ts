/**
 * What a benchmark run found, and on which machine.
 *
 * Guarantees: figures are kept as they were measured, in the order of the rounds; nothing is rounded here.
 */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../harness/project.js';
import { type ContenderName, versionOf } from '../contenders/contenders.js';
import { median, medianRatio } from './statistics.js';

/** Where the figures come from. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Load average of the last minute when the run began: what else went on. */
  readonly load: number;
  readonly system: string;
  readonly kernel: string;
  readonly node: string;
  readonly bindfs: string | undefined;
  readonly mergerfs: string | undefined;
  readonly rsyslog: string | undefined;
  readonly 'logagg-fs': string;
}

/** `µs` is the time of one operation; of `calls`, how many an operation takes. */
export type Unit = 'µs' | 'ms' | 'MB' | '%' | 'calls' | 'MB/s' | 'lines/s';

/** Values of one contender, one for each round. */
export interface Samples {
  readonly contender: ContenderName;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

/** One thing that was measured, on each contender. */
export interface Figure {
  /** Unique in the run. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** Bytes that one operation moves, where bytes a second are what counts. */
  readonly bytes?: number;
  readonly samples: readonly Samples[];
}

/** The figures of one group of the benchmark. */
export interface GroupResult {
  readonly name: string;
  readonly title: string;
  readonly note?: string;
  readonly figures: readonly Figure[];
  /** Contenders, or the whole group, that could not take part, with the reason. */
  readonly missing: readonly string[];
}

/** A whole run. */
export interface Results {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly setting: {
    readonly quick: boolean;
    readonly runs: number;
    /** Milliseconds of one timed run. */
    readonly time: number;
  };
  /** Microseconds that a writer and its system call cost when the kernel does nothing, measured on /dev/null. */
  readonly writerCost: number;
  readonly groups: readonly GroupResult[];
}

/** This machine. */
export function describeMachine(): Machine {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memory: totalmem(),
    load: loadavg()[0] ?? 0,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    kernel: release(),
    node: process.version.slice(1),
    bindfs: versionOf('bindfs'),
    mergerfs: versionOf('mergerfs'),
    rsyslog: versionOf('rsyslogd', '-v'),
    'logagg-fs': hasVersion ? String(manifest.version) : 'unknown',
  };
}

/** Samples with their statistics. */
export function samplesOf(contender: ContenderName, values: readonly number[]): Samples {
  return { contender, median: median(values), min: Math.min(...values), max: Math.max(...values), values };
}

/** All figures of a run, by name. */
export class Figures {
  private readonly byName: ReadonlyMap<string, Figure>;

  constructor(results: Results) {
    this.byName = new Map(results.groups.flatMap(({ figures }) => figures.map((figure) => [figure.name, figure])));
  }

  names(): string[] {
    return [...this.byName.keys()];
  }

  get(name: string): Figure | undefined {
    return this.byName.get(name);
  }

  /** Median of one contender; undefined when it did not take part. */
  median(name: string, contender: ContenderName): number | undefined {
    return this.samples(name, contender)?.median;
  }

  /** How many times the speed of `other` a contender has; undefined unless both took part. */
  speed(name: string, contender: ContenderName, other: ContenderName): number | undefined {
    const [own, others] = [this.samples(name, contender), this.samples(name, other)];
    return own === undefined || others === undefined ? undefined : medianRatio(others.values, own.values);
  }

  /** How many times what it is in one figure a contender's value is in another; undefined unless both were measured. */
  growth(from: string, to: string, contender: ContenderName): number | undefined {
    const [few, many] = [this.samples(from, contender), this.samples(to, contender)];
    return few === undefined || many === undefined ? undefined : medianRatio(many.values, few.values);
  }

  private samples(name: string, contender: ContenderName): Samples | undefined {
    return this.byName.get(name)?.samples.find((samples) => samples.contender === contender);
  }
}
