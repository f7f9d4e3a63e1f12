/**
 * /etc/fstab: finding, adding and removing one line.
 *
 * Guarantees: a line is recognised by its mountpoint field, however it is written; every other byte of the file stays.
 * {@link replaceFile} is atomic: at every moment the file is the old one or the new one, with its owner and mode.
 * Format: fstab(5).
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LogaggError } from '../config/errors.js';
import { reasonOf } from '../libc/errno-text.js';

/** One line of fstab that is neither empty nor a comment. */
export interface FstabEntry {
  /** From 1. */
  readonly line: number;
  readonly source: string;
  /** Decoded, without a trailing slash. */
  readonly mountpoint: string;
  readonly type: string;
  /** As written, escapes included. */
  readonly options: string;
}

/** The option by which a line of ours is known; options that begin with `x-` mean nothing to mount(8). */
export const SETUP_MARK = 'x-logagg-fs.setup';

export function parseFstab(text: string): FstabEntry[] {
  return text.split('\n').flatMap((content, index) => {
    const [source = '', mountpoint, type, options = 'defaults'] = content.trim().split(/[ \t]+/);
    if (source.startsWith('#') || mountpoint === undefined || type === undefined) return [];
    return [{ line: index + 1, source, mountpoint: normalize(decodeField(mountpoint)), type, options }];
  });
}

/** Whether an entry mounts logagg-fs. */
export function isLogaggEntry({ source, type }: FstabEntry): boolean {
  return /^(?:fuse\.)?logagg-fs$/.test(type) || (type === 'fuse' && /^logagg-fs(?:#|$)/.test(source));
}

export function hasSetupMark({ options }: FstabEntry): boolean {
  return options.split(',').includes(SETUP_MARK);
}

/** The text with one more line at its end. */
export function withLine(text: string, line: string): string {
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

/** The text without the lines of these numbers. */
export function withoutLines(text: string, numbers: readonly number[]): string {
  return text
    .split('\n')
    .filter((_, index) => !numbers.includes(index + 1))
    .join('\n');
}

/** A field as fstab takes it: white space and backslashes in octal. */
export function encodeField(text: string): string {
  return text.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * Writes beside the file, then renames over it. A symbolic link stays one.
 * @throws LogaggError LOGAGG_SETUP
 */
export function replaceFile(path: string, text: string): void {
  try {
    const target = realpathSync(path);
    const { mode, uid, gid } = statSync(target);
    const beside = `${target}.logagg-fs-${process.pid}`;
    try {
      writeThrough(beside, text);
      chownSync(beside, uid, gid);
      chmodSync(beside, mode & 0o7777);
      renameSync(beside, target);
    } finally {
      rmSync(beside, { force: true });
    }
    syncDirectory(dirname(target));
  } catch (error) {
    throw new LogaggError('LOGAGG_SETUP', `${path} can't be changed: ${reasonOf(error)}`, { cause: error });
  }
}

/** Empty when there is none. @throws LogaggError LOGAGG_SETUP */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new LogaggError('LOGAGG_SETUP', `${path} can't be read: ${reasonOf(error)}`, { cause: error });
  }
}

function writeThrough(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function decodeField(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function normalize(path: string): string {
  return path.startsWith('/') ? resolve(path) : path;
}
