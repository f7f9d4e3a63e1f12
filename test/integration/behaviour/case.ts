/**
 * What one row of the behaviour table is, and the vocabulary that rows are written in.
 *
 * Guarantees: results are plain data, so that those of two directories can be compared. A row says nothing about what is
 * right: a plain directory decides that.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { asUser } from '../../harness/commands.js';
import { nobody } from '../../harness/project.js';

/** Who runs a case: root, an unprivileged user who owns the directory, or one after the other. */
export type Actor = 'root' | 'user';

/** One behaviour. */
export interface BehaviourCase {
  readonly name: string;
  /** Default: `both`. */
  readonly as?: Actor | 'both';
  /** Works in an empty directory of its own and returns anything that JSON, Buffer and bigint can express. */
  run(dir: string): unknown;
}

/** The value of a call, or `{ error }` with the errno's name. */
export function attempt<T>(call: () => T): T | { readonly error: string } {
  try {
    return call();
  } catch (error) {
    return { error: errnoOf(error) };
  }
}

/** Name of the errno of an error; an error without one is a mistake in the case, and thrown again. */
export function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return code;
  throw error;
}

/** Opens, calls, closes; an open or a call that fails becomes `{ error }`. */
export function withFile<T>(
  path: string | Buffer,
  flags: string | number,
  use: (fd: number) => T,
  mode = 0o644,
): T | { readonly error: string } {
  return attempt(() => {
    const fd = openSync(path, flags, mode);
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** Result of a shell script that runs in a directory. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shell(dir: string, [command, args]: [string, string[]]): ScriptResult {
  const result = spawnSync(command, args, { cwd: dir, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' }, timeout: 8000 });
  return { code: result.status, stdout: result.stdout.toString('latin1'), stderr: result.stderr.toString('latin1') };
}

/** Runs a shell script in a directory as the current user. */
export function script(dir: string, text: string): ScriptResult {
  return shell(dir, ['sh', ['-c', text]]);
}

/** Runs a shell script in a directory as nobody, with supplementary groups. For cases that root runs. */
export function scriptAsNobody(dir: string, text: string, groups: readonly number[] = []): ScriptResult {
  return shell(dir, asUser(nobody, nobody, groups, 'sh', ['-c', text]));
}

/** A case that is one shell script. */
export function scripted(name: string, text: string, as: Actor | 'both' = 'both'): BehaviourCase {
  return { name, as, run: (dir) => script(dir, text) };
}

/** A case of root's script that prepares, then nobody's script. */
export function foreign(name: string, prepare: string, text: string, groups: readonly number[] = []): BehaviourCase {
  return { name, as: 'root', run: (dir) => [script(dir, prepare), scriptAsNobody(dir, text, groups)] };
}

/** The parts of a stat that two file systems share. */
export function statOf(stats: BigIntStats): Record<string, unknown> {
  const { mode, uid, gid, size, nlink } = stats;
  return { mode: mode.toString(8), uid, gid, size: stats.isDirectory() ? 'directory' : size, nlink };
}

/** {@link statOf} of a path, without following a symlink. */
export function lstat(path: string | Buffer): unknown {
  return attempt(() => statOf(lstatSync(path, { bigint: true })));
}

/** {@link statOf} of an open file. */
export function fstat(fd: number): unknown {
  return attempt(() => statOf(fstatSync(fd, { bigint: true })));
}

/** Contents as text of one byte a character. */
export function content(path: string | Buffer): unknown {
  return attempt(() => readFileSync(path, 'latin1'));
}

/** SHA-1 of some bytes. */
export function digest(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}
