/**
 * Runs one stressor of stress-ng in a folder.
 *
 * Guarantees: bounded by operations and by time; files only below the folder, of bounded size. Does not judge: that a
 * stressor was skipped or did nothing is part of what it returns.
 */
import { readdirSync } from 'node:fs';
import { output, run } from './commands.js';

/** What became of a stressor. */
export interface StressorResult {
  readonly verdict: 'passed' | 'skipped' | 'failed';
  /** Operations that were done, as stress-ng counts them; some stressors count only very long ones. */
  readonly operations: number;
  /** What stress-ng said, without its metrics. */
  readonly said: string;
  /** Entries that it left in the folder. */
  readonly left: readonly string[];
}

/** Bounds of a run. */
export interface StressorBounds {
  /** Operations of each instance, as stress-ng counts them for this stressor. */
  readonly operations: number;
  readonly seconds: number;
  readonly instances: number;
}

/** Options that keep files small; stress-ng takes those of stressors that do not run. */
const fileSizes = [
  ...['--copy-file-bytes', '128M', '--fallocate-bytes', '32M', '--hdd-bytes', '16M', '--iomix-bytes', '16M'],
  ...['--mmap-bytes', '4M', '--mmap-file', '--msync-bytes', '4M', '--readahead-bytes', '16M', '--revio-bytes', '16M'],
  ...['--seek-size', '16M', '--sync-file-bytes', '16M'],
];

/** Names of the stressors that this stress-ng knows. */
export async function knownStressors(): Promise<Set<string>> {
  return new Set((await output('stress-ng', ['--stressors'])).trim().split(/\s+/));
}

/** Makes removable again what stressors of inode flags leave behind when they are stopped: immutable files. */
export async function clearInodeFlags(folder: string): Promise<void> {
  await run('chattr', ['-R', '-f', '-ia', folder]);
}

/** Runs a stressor with verification in a folder that nobody else uses. */
export async function runStressor(name: string, folder: string, bounds: StressorBounds): Promise<StressorResult> {
  const { seconds, instances } = bounds;
  const outcome = await run(
    'stress-ng',
    [
      ...[`--${name}`, String(instances), `--${name}-ops`, String(bounds.operations), '--timeout', `${seconds}s`],
      ...['--verify', '--metrics', '--temp-path', folder, ...fileSizes],
    ],
    // It stops by itself long before; the kernel may have much to write back at its end.
    { cwd: '/', timeout: seconds * 1000 + 60_000 },
  );
  const lines = `${outcome.stdout}${outcome.stderr}`.split('\n');
  const said = lines.filter((line) => !line.includes('metrc:')).join('\n');
  const counts = lines.map((line) => line.match(new RegExp(`metrc:.*\\] ${name} +(\\d+) `))?.[1]);
  const operations = Number(counts.find((count) => count !== undefined) ?? 0);
  const skipped = /skipp/.test(said);
  const failed = outcome.timedOut || /stress-ng: (fail|error):/.test(said) || (outcome.code !== 0 && !skipped);
  return {
    verdict: failed ? 'failed' : skipped ? 'skipped' : 'passed',
    operations,
    said: `${outcome.timedOut ? 'timed out' : `exit ${outcome.code}`}, ${operations} operations\n${said}`,
    left: readdirSync(folder),
  };
}
