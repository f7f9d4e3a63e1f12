/**
 * The files behind a path that always shows the current log.
 *
 * Guarantees: pino-roll writes numbered files (`fuse.1.log`, `fuse.2.log`) beside the path (`fuse.log`), and the path is
 * a symlink to the newest, replaced atomically. Files that merely have a similar name are never removed, which pino-roll's
 * own `limit` would do (`fuse-2.log`). Two servers must not share a path.
 */

import { lstatSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { LogaggError } from '../config/errors.js';

/** As many symlinks as Linux follows. */
const symlinkLimit = 40;

/** A path for the log, and the numbered files that belong to it. */
export class LogFile {
  /** The path that shows the current log. */
  readonly path: string;
  /** The name from which pino-roll makes the numbered ones, by inserting the number before `.log`. */
  readonly rollName: string;
  private readonly numbered: RegExp;

  /** @param path - absolute; when it is somebody else's symlink, the log goes where that points to */
  constructor(path: string) {
    this.path = followForeignLinks(path);
    const stem = /[^/]\.log$/.test(this.path) ? this.path.slice(0, -'.log'.length) : this.path;
    this.rollName = `${stem}.log`;
    this.numbered = numberedNames(basename(stem));
  }

  /** Makes the path show `current`, one of the numbered files. A regular file in the way becomes `<path>.old`. */
  show(current: string): void {
    const target = basename(current);
    if (readLink(this.path) === target) return;
    const temporary = `${this.path}.${process.pid}.tmp`;
    rmSync(temporary, { force: true });
    symlinkSync(target, temporary);
    if (lstatSync(this.path, { throwIfNoEntry: false })?.isFile()) renameSync(this.path, `${this.path}.old`);
    renameSync(temporary, this.path);
  }

  /** Removes the oldest numbered files, so that `keep` remain. */
  prune(keep: number): void {
    const directory = dirname(this.path);
    const numbers = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => ({ name: entry.name, number: Number(this.numbered.exec(entry.name)?.[1]) }))
      .filter(({ number }) => Number.isInteger(number))
      .sort((a, b) => b.number - a.number);
    for (const { name } of numbers.slice(keep)) rmSync(join(directory, name), { force: true });
  }
}

/** Whether the path is a device such as /dev/null, which is written as it is. */
export function isDevice(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isFile()) return false;
  if (status.isCharacterDevice()) return true;
  throw new LogaggError('LOGAGG_LOGFILE', `logfile=${path} is not a file`);
}

function followForeignLinks(path: string): string {
  let current = path;
  for (let followed = 0; followed < symlinkLimit; followed++) {
    const target = readLink(current);
    if (target === undefined || isOwnTarget(current, target)) return current;
    current = resolve(dirname(current), target);
  }
  throw new LogaggError('LOGAGG_LOGFILE', `logfile=${path} is a loop of symlinks`);
}

function isOwnTarget(path: string, target: string): boolean {
  return numberedNames(basename(path).replace(/(?<=.)\.log$/, '')).test(target);
}

function numberedNames(stem: string): RegExp {
  return new RegExp(`^${stem.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}\\.(\\d+)\\.log$`);
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
