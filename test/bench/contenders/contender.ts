/**
 * What the benchmark compares: one way to reach files.
 *
 * Guarantees: after {@link Contender.tearDown} the mount is gone and its servers have ended, by force where needed.
 * Mounting needs root. Everything of a contender lies in the folder that it was given.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fuseMountAt } from '../../harness/fuse-mounts.js';
import { serversOf, unmount } from '../servers.js';

/** Milliseconds that a file system may take to mount. */
const patience = 30_000;

/** One way to reach files. */
export interface Contender {
  readonly name: string;
  /** Where the load is put. */
  readonly directory: string;
  /** The same files, beneath the contender. */
  readonly backing: string;
  /** Where the load puts a second copy of what it appends, if this contender makes none itself. */
  readonly copies?: string;
  /** Makes it usable. Throws an error of one line when it can't be. */
  setUp(): void;
  /** Pids of the processes that serve it. */
  servers(): number[];
  /** Removes what a run has left behind, so that the next run begins alike. */
  tidy(): void;
  tearDown(): void;
}

/** A contender can't take part, for a reason that is no defect: not installed, not possible on this host. */
export class NotAvailable extends Error {}

/** The file system beneath all the others, used directly. */
export class PlainDirectory implements Contender {
  readonly name: string;
  readonly directory: string;
  readonly backing: string;
  readonly copies?: string;

  constructor(folder: string, name: string, twice = false) {
    this.name = name;
    this.directory = join(folder, 'directory');
    this.backing = this.directory;
    if (twice) this.copies = join(folder, 'copies');
  }

  setUp(): void {
    for (const folder of [this.directory, this.copies ?? []].flat()) mkdirSync(folder, { recursive: true });
  }

  servers(): number[] {
    return [];
  }

  tidy(): void {}

  tearDown(): void {}
}

/** A mounted FUSE file system. */
export abstract class FuseMount implements Contender {
  readonly name: string;
  readonly directory: string;
  readonly backing: string;

  constructor(name: string, directory: string, backing: string) {
    this.name = name;
    this.directory = directory;
    this.backing = backing;
  }

  /** Program and arguments that mount in the background and return when the mount is usable. */
  protected abstract mountCommand(): [string, string[]];

  /** Exit codes by which the program says that this host, or this version, can't do what was asked for. */
  protected readonly unavailable: readonly (number | null)[] = [];

  /** Makes the folders. */
  prepare(): void {
    mkdirSync(this.directory, { recursive: true });
    mkdirSync(this.backing, { recursive: true });
  }

  setUp(): void {
    this.prepare();
    const [program, args] = this.mountCommand();
    const { error, status, stderr } = spawnSync(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: patience,
    });
    if (error === undefined && status === 0 && fuseMountAt(this.directory) !== undefined) return;
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
      throw new NotAvailable(`${program} is not installed`);
    }
    const reason = stderr?.trim().split('\n')[0] || error?.message || `exit ${status} without a mount`;
    throw this.unavailable.includes(status) ? new NotAvailable(reason) : new Error(reason);
  }

  servers(): number[] {
    return serversOf(this.directory);
  }

  tidy(): void {}

  tearDown(): void {
    unmount(this.directory);
  }
}
