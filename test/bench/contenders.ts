/**
 * What the benchmark compares: a plain directory, our mount without and with tracking, bindfs and mergerfs.
 *
 * bindfs and mergerfs run twice: as Debian's defaults are, where the kernel asks them for `security.capability` before
 * each write, and without extended attributes, which is the fastest that they can be.
 *
 * Guarantees: after {@link Contender.tearDown} the mount is gone and its servers have ended, by force where needed.
 * Mounting needs root. Everything of a contender lies in the folder that it was given.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fuseMountAt } from '../harness/fuse-mounts.js';
import { launcher } from '../harness/project.js';
import { serversOf, unmount } from './servers.js';

/** Milliseconds that a file system may take to mount or to unmount. */
const patience = 15_000;

/** Contenders by the name that they have in the results, with what the tables call them, in the tables' order. */
export const contenderTitles = {
  plain: 'plain directory',
  untracked: 'logagg-fs, untracked',
  tracked: 'logagg-fs, **tracked**',
  bindfs: 'bindfs',
  'bindfs-lean': 'bindfs, no xattr',
  mergerfs: 'mergerfs',
  'mergerfs-lean': 'mergerfs, no xattr',
} as const;

/** Name of a contender, as it stands in the results. */
export type ContenderName = keyof typeof contenderTitles;

/** The names in the tables' order. */
export const contenderNames = Object.keys(contenderTitles) as ContenderName[];

/** One way to reach files. */
export interface Contender {
  readonly name: ContenderName;
  /** Where the load is put. */
  readonly directory: string;
  /** The same files, beneath the contender. */
  readonly backing: string;
  /** Makes it usable. Throws an error of one line when it can't be. */
  setUp(): void;
  /** Pids of the processes that serve it. */
  servers(): number[];
  /** Removes what a run has left behind, so that the next run begins alike. */
  betweenRuns(): void;
  tearDown(): void;
}

/** The file system beneath all the others, used directly. */
class PlainDirectory implements Contender {
  readonly name = 'plain';
  readonly directory: string;
  readonly backing: string;

  constructor(folder: string) {
    this.directory = folder;
    this.backing = folder;
  }

  setUp(): void {
    mkdirSync(this.directory, { recursive: true });
  }

  servers(): number[] {
    return [];
  }

  betweenRuns(): void {}

  tearDown(): void {}
}

/** A mounted FUSE file system. */
abstract class FuseMount implements Contender {
  abstract readonly name: ContenderName;
  readonly directory: string;
  readonly backing: string;

  constructor(directory: string, backing: string) {
    this.directory = directory;
    this.backing = backing;
  }

  /** Program and arguments that mount in the background and return when the mount is usable. */
  protected abstract mountCommand(): [string, string[]];

  setUp(): void {
    mkdirSync(this.directory, { recursive: true });
    mkdirSync(this.backing, { recursive: true });
    const [program, args] = this.mountCommand();
    const { error, status, stderr } = spawnSync(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: patience,
    });
    if (error === undefined && status === 0 && fuseMountAt(this.directory) !== undefined) return;
    if (error !== undefined && 'code' in error && error.code === 'ENOENT')
      throw new Error(`${program} is not installed`);
    throw new Error(stderr?.trim().split('\n')[0] || error?.message || `exit ${status} without a mount`);
  }

  servers(): number[] {
    return serversOf(this.directory);
  }

  betweenRuns(): void {}

  tearDown(): void {
    unmount(this.directory);
  }
}

/** Our mount, with a pattern that matches every file or with none. */
class OurMount extends FuseMount {
  readonly name: 'tracked' | 'untracked';
  private readonly root: string;
  private readonly options: string;

  constructor(folder: string, tracked: boolean, options: string) {
    super(join(folder, 'mount'), join(folder, 'cache', 'mirror'));
    this.name = tracked ? 'tracked' : 'untracked';
    this.root = join(folder, 'cache');
    this.options = options;
  }

  protected mountCommand(): [string, string[]] {
    const pattern = this.name === 'tracked' ? `${this.directory}/**` : '/nothing-matches';
    writeFileSync(join(this.root, 'trackfiles.txt'), `${pattern}\n`);
    const options = ['allow_other', `root=${this.root}`, this.options].filter((option) => option !== '');
    return [launcher, [this.directory, '-o', options.join(',')]];
  }

  /** A collector would have taken them: chunks must not pile up over the runs. */
  override betweenRuns(): void {
    const logs = join(this.root, 'logs');
    for (const chunk of readdirSync(logs)) rmSync(join(logs, chunk), { force: true });
  }
}

/** Another FUSE file system that mirrors a directory, as Debian packages it. */
class OtherMount extends FuseMount {
  readonly name: ContenderName;
  private readonly program: string;
  private readonly options: readonly string[];

  constructor(folder: string, name: ContenderName, program: string, options: readonly string[]) {
    super(join(folder, 'mount'), join(folder, 'backing'));
    this.name = name;
    this.program = program;
    this.options = options;
  }

  protected mountCommand(): [string, string[]] {
    return [this.program, [...this.options, this.backing, this.directory]];
  }
}

// mergerfs refuses to create files on a disk with less than 4 GiB left unless told otherwise.
const mergerfsOptions = 'allow_other,minfreespace=0';

/** All contenders, each in a folder of its own below `folder`; `options` are extra mount options for ours. */
export function contendersIn(folder: string, options: string): Contender[] {
  return [
    new PlainDirectory(join(folder, 'plain')),
    new OurMount(join(folder, 'untracked'), false, options),
    new OurMount(join(folder, 'tracked'), true, options),
    new OtherMount(join(folder, 'bindfs'), 'bindfs', 'bindfs', ['-o', 'allow_other']),
    new OtherMount(join(folder, 'bindfs-lean'), 'bindfs-lean', 'bindfs', ['--xattr-none', '-o', 'allow_other']),
    new OtherMount(join(folder, 'mergerfs'), 'mergerfs', 'mergerfs', ['-o', mergerfsOptions]),
    new OtherMount(join(folder, 'mergerfs-lean'), 'mergerfs-lean', 'mergerfs', [
      '-o',
      `${mergerfsOptions},xattr=nosys`,
    ]),
  ];
}

/** Version of an installed program, as it says itself; undefined when it is not installed. */
export function versionOf(program: string): string | undefined {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /\d+(\.\d+)+/.exec(text)?.[0];
  } catch {
    return undefined;
  }
}
