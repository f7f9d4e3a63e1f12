/**
 * What a benchmark run found, and on which machine.
 *
 * Guarantees: figures are kept as they were measured; medians are computed from them and never rounded here.
 */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { type ContenderName, versionOf } from './contenders.js';
import type { MemoryFigure } from './memory.js';

/** Where the figures come from. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly kernel: string;
  readonly node: string;
  readonly bindfs: string | undefined;
  readonly mergerfs: string | undefined;
}

/** Samples of one workload on one contender, in microseconds an operation, in the order in which they were taken. */
export interface Samples {
  readonly contender: ContenderName;
  readonly microseconds: number[];
}

/** All that was measured of one workload. */
export interface WorkloadResult {
  readonly name: string;
  readonly title: string;
  /** Bytes that one operation moves, when that is what counts. */
  readonly bytes?: number;
  readonly contenders: Samples[];
}

/** A whole run. */
export interface Results {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  /** How the run was made. */
  readonly setting: {
    readonly quick: boolean;
    readonly runs: number;
    /** Milliseconds of one timed run. */
    readonly time: number;
    /** Extra mount options of ours. */
    readonly options: string;
  };
  /** Microseconds that the writer itself and the system call cost, measured on /dev/null. */
  readonly writerCost: number;
  readonly workloads: readonly WorkloadResult[];
  readonly memory: readonly MemoryFigure[];
  /** Contenders that could not be mounted, with the reason. */
  readonly missing: Readonly<Partial<Record<ContenderName, string>>>;
}

/** This machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memory: totalmem(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    kernel: release(),
    node: process.version,
    bindfs: versionOf('bindfs'),
    mergerfs: versionOf('mergerfs'),
  };
}

/** The middle one of the values; NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Median of one contender in microseconds an operation; undefined when it did not take part. */
export function medianOf(result: WorkloadResult, contender: ContenderName): number | undefined {
  const samples = result.contenders.find((entry) => entry.contender === contender);
  return samples === undefined || samples.microseconds.length === 0 ? undefined : median(samples.microseconds);
}
