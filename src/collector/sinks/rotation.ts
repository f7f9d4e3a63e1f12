/**
 * When a file is full, and what becomes of the full ones.
 *
 * Guarantees: a full file `app.log` is renamed to `app.log.<UTC time>` (`20261121T054121.085Z`); such names sort by age, also
 * when the clock steps back, and none is given twice. Only files with such names are ever removed. Days and hours are those of
 * the host's time zone.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SinkUrl } from './sink-url.js';

const periods = ['hourly', 'daily'] as const;

/** When to begin a new file, and how many full ones stay. */
export interface RotationRule {
  /** Bytes; infinite when size does not matter. */
  readonly size: number;
  readonly period: (typeof periods)[number] | undefined;
  /** Infinite when all stay. */
  readonly keep: number;
}

/** Reads `rotate=SIZE`, `rotate=daily`, `rotate=hourly` and `keep=`. @throws LogaggError */
export function readRotation(url: SinkUrl): RotationRule {
  const text = url.text('rotate');
  const keep = url.count('keep', 0, 1_000_000) ?? Number.POSITIVE_INFINITY;
  if (text === undefined) {
    if (url.has('keep')) url.refuse(': keep= needs rotate=');
    return { size: Number.POSITIVE_INFINITY, period: undefined, keep };
  }
  const period = periods.find((each) => each === text);
  if (period !== undefined) return { size: Number.POSITIVE_INFINITY, period, keep };
  if (!/^\d/.test(text)) url.refuseValue('rotate', text, `a size such as 100m, or ${periods.join(' or ')}`);
  return { size: url.size('rotate', 1, 2 ** 50) ?? Number.POSITIVE_INFINITY, period, keep };
}

/** Whether the next batch needs a new file. @param written - when the file was last written to */
export function isFull(rule: RotationRule, size: number, more: number, written: Date, now: Date): boolean {
  if (size === 0) return false;
  return size + more > rule.size || (rule.period !== undefined && periodOf(rule, written) !== periodOf(rule, now));
}

function periodOf({ period }: RotationRule, time: Date): string {
  const day = [time.getFullYear(), time.getMonth(), time.getDate()];
  return (period === 'hourly' ? [...day, time.getHours()] : day).join(' ');
}

/** Renames a full file out of the way, and removes the oldest ones that are too many. */
export async function rotate(path: string, { keep }: RotationRule, now: Date): Promise<void> {
  const rotated = await rotatedFiles(path);
  const newest = rotated.at(-1);
  const time = Math.max(now.getTime(), newest === undefined ? 0 : timeOf(newest) + 1);
  const name = `${basename(path)}.${stamp(new Date(time))}`;
  await rename(path, join(dirname(path), name));
  const excess = Math.max(0, rotated.length + 1 - keep);
  for (const old of [...rotated, name].slice(0, excess)) await rm(join(dirname(path), old), { force: true });
}

/** Names, the oldest first. */
async function rotatedFiles(path: string): Promise<string[]> {
  const start = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  return names
    .filter((name) => name.startsWith(start) && /^\d{8}T\d{6}\.\d{3}Z$/.test(name.slice(start.length)))
    .sort();
}

function stamp(time: Date): string {
  return time.toISOString().replace(/[-:]/g, '');
}

function timeOf(name: string): number {
  const text = name.slice(-'20261121T054121.085Z'.length);
  const time = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:'));
  return Number.isNaN(time) ? 0 : time;
}
