/**
 * All contenders: plain directories, bindfs and mergerfs as Debian has them, and our mount in each of its ways.
 *
 * bindfs and mergerfs run twice: with their defaults, where the kernel asks them for `security.capability` before each
 * write, and without extended attributes, which is the fastest that they can be.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Contender, FuseMount, PlainDirectory } from './contender.js';
import { OurMount } from './our-mount.js';

/** Our ways to speak with the kernel, by the mount options that ask for them. */
export const ways = {
  uring: 'engine=kernel,transport=uring',
  device: 'engine=kernel,transport=device',
  'fuse-native': 'engine=fuse-native',
} as const;

export type Way = keyof typeof ways;

/** Contenders by the name that they have in the results, with what the tables call them, in the tables' order. */
export const contenderTitles = {
  plain: 'plain directory',
  'plain-twice': 'plain directory, both copies',
  bindfs: 'bindfs',
  'bindfs-lean': 'bindfs, no xattr',
  mergerfs: 'mergerfs',
  'mergerfs-lean': 'mergerfs, no xattr',
  'uring-untracked': 'uring, untracked',
  uring: '**uring, tracked**',
  'device-untracked': 'device, untracked',
  device: '**device, tracked**',
  'fuse-native-untracked': 'fuse-native, untracked',
  'fuse-native': 'fuse-native, tracked',
  native: 'untracked=native',
  collect: '**logagg-fs collect**',
  imfile: 'rsyslog imfile',
} as const;

/** Name of a contender, as it stands in the results. */
export type ContenderName = keyof typeof contenderTitles;

/** The names in the tables' order. */
export const contenderNames = Object.keys(contenderTitles) as ContenderName[];

/** Another FUSE file system that mirrors a directory, as Debian packages it. */
class OtherMount extends FuseMount {
  private readonly program: string;
  private readonly options: readonly string[];

  constructor(folder: string, name: string, program: string, options: readonly string[]) {
    super(name, join(folder, 'mount'), join(folder, 'backing'));
    this.program = program;
    this.options = options;
  }

  protected mountCommand(): [string, string[]] {
    return [this.program, [...this.options, this.backing, this.directory]];
  }
}

// mergerfs refuses to create files on a disk with less than 4 GiB left unless told otherwise.
const mergerfsOptions = 'allow_other,minfreespace=0';

const everything = (mountpoint: string): string[] => [`${mountpoint}/**`];
const nothing = (): string[] => ['/nothing-matches'];

/** Makes a contender in a folder of its own below `folder`. */
export function makeContender(name: ContenderName, folder: string): Contender {
  const own = join(folder, name);
  const ours = (options: string, patterns = everything): Contender => new OurMount(own, name, { options, patterns });
  switch (name) {
    case 'plain':
    case 'plain-twice':
      return new PlainDirectory(own, name, name === 'plain-twice');
    case 'bindfs':
      return new OtherMount(own, name, 'bindfs', ['-o', 'allow_other']);
    case 'bindfs-lean':
      return new OtherMount(own, name, 'bindfs', ['--xattr-none', '-o', 'allow_other']);
    case 'mergerfs':
      return new OtherMount(own, name, 'mergerfs', ['-o', mergerfsOptions]);
    case 'mergerfs-lean':
      return new OtherMount(own, name, 'mergerfs', ['-o', `${mergerfsOptions},xattr=nosys`]);
    case 'uring':
    case 'device':
    case 'fuse-native':
      return ours(ways[name]);
    case 'uring-untracked':
      return ours(ways.uring, nothing);
    case 'device-untracked':
      return ours(ways.device, nothing);
    case 'fuse-native-untracked':
      return ours(ways['fuse-native'], nothing);
    case 'native':
      return ours('engine=kernel,transport=auto,untracked=native', nothing);
    default:
      throw new Error(`${name} is not a file system`);
  }
}

/** Version of an installed program, as it says itself; undefined when it is not installed. */
export function versionOf(program: string, option = '--version'): string | undefined {
  try {
    const text = execFileSync(program, [option], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /\d+(\.\d+)+/.exec(text)?.[0];
  } catch {
    return undefined;
  }
}
