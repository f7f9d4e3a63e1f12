/**
 * From what the user names, a mountpoint or a log cache, to the log cache and its mountpoint.
 *
 * Guarantees: never touches a mounted file system of ours, whose server may hang: the kernel's table, the command lines of running
 * servers and /etc/fstab tell what belongs together.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { FILE_SYSTEM_TYPE } from '../config/file-system-type.js';
import { splitOptionString } from '../config/option-string.js';
import { isOurProgram } from '../config/program-files.js';
import { parseMountTable } from '../fuse/mount-table.js';

/** A mount and its log cache. */
export interface CachePlace {
  readonly root: string;
  /** Undefined where nothing tells it. */
  readonly mountpoint: string | undefined;
  /** Whether something of ours is mounted there, alive or not. */
  readonly isMounted: boolean;
}

interface Pair {
  readonly root: string;
  readonly mountpoint: string;
}

/**
 * @param named - a mountpoint or the root of a log cache; undefined for the only one that there is
 * @throws LogaggError
 */
export function findCache(named: string | undefined, cwd: string): CachePlace {
  const mounted = mountpoints();
  const pairs = [...runningPairs(), ...fstabPairs()];
  const path = named === undefined ? onlyOne(mounted, pairs) : resolve(cwd, named);
  const pair = pairs.find(({ mountpoint }) => mountpoint === path) ?? pairs.find(({ root }) => root === path);
  if (pair !== undefined) return { ...pair, isMounted: mounted.includes(pair.mountpoint) };
  if (mounted.includes(path)) {
    throw new LogaggError(
      'LOGAGG_MOUNTPOINT',
      `nothing tells where the log cache of ${path} is (its server is gone, /etc/fstab does not name it): name root= instead`,
    );
  }
  if (!existsSync(cachePaths(path).logs)) {
    throw new LogaggError(
      'LOGAGG_ROOT',
      `${path} is neither a mountpoint of logagg-fs nor a log cache (it has no logs/)`,
    );
  }
  return { root: path, mountpoint: undefined, isMounted: false };
}

function onlyOne(mounted: readonly string[], pairs: readonly Pair[]): string {
  const candidates = [...new Set([...mounted, ...pairs.map(({ mountpoint }) => mountpoint)])];
  const [one, ...others] = candidates;
  if (one === undefined) {
    throw new LogaggError(
      'LOGAGG_USAGE',
      'nothing is mounted, and /etc/fstab names nothing: logagg-fs status ROOT shows what waits in a log cache',
    );
  }
  if (others.length === 0) return one;
  throw new LogaggError('LOGAGG_USAGE', `there are several mounts, name one: ${candidates.join(', ')}`);
}

function mountpoints(): string[] {
  return parseMountTable(read('/proc/self/mountinfo'))
    .filter(({ fsType, source }) => fsType === FILE_SYSTEM_TYPE || (fsType === 'fuse' && source === 'logagg-fs'))
    .map(({ mountpoint }) => mountpoint);
}

/** Of processes whose arguments are a mountpoint followed by options with `root=`; root's and our own: anybody can choose his arguments. */
function runningPairs(): Pair[] {
  const trusted = [0, process.geteuid?.() ?? 0];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && trusted.includes(ownerOf(`/proc/${entry}`) ?? -1))
    .flatMap((pid) => pairOf(read(`/proc/${pid}/cmdline`).split('\0'), () => readlinkSync(`/proc/${pid}/cwd`)) ?? []);
}

function pairOf(args: readonly string[], cwd: () => string): Pair | undefined {
  if (!isOurProgram(args.slice(0, 3))) return undefined;
  const options = args.find((arg) => /(^|,)root=/.test(arg));
  const root = options === undefined ? undefined : optionValue(options, 'root');
  if (options === undefined || root === undefined) return undefined;
  const before = args.slice(0, args.indexOf(options)).filter((arg) => arg !== '-o' && arg !== '-f' && arg !== '-d');
  const mountpoint = before.at(-1);
  if (mountpoint === undefined || before.length < 2) return undefined;
  try {
    const isWhole = mountpoint.startsWith('/') && root.startsWith('/');
    return isWhole ? { root: resolve(root), mountpoint: resolve(mountpoint) } : relativePair(root, mountpoint, cwd());
  } catch {
    return undefined;
  }
}

function relativePair(root: string, mountpoint: string, cwd: string): Pair {
  return { root: resolve(cwd, root), mountpoint: resolve(cwd, mountpoint) };
}

function fstabPairs(): Pair[] {
  return read('/etc/fstab')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([source = '', mountpoint, type = '', options = '']) => {
      if (source.startsWith('#') || mountpoint === undefined) return [];
      if (!`${source} ${type}`.includes('logagg-fs')) return [];
      const root = optionValue(options, 'root');
      return root === undefined ? [] : [{ root: resolve(root), mountpoint: resolve(unescapeField(mountpoint)) }];
    });
}

function optionValue(options: string, name: string): string | undefined {
  try {
    return splitOptionString(options)
      .filter((item) => item.name === name)
      .at(-1)?.value;
  } catch {
    return undefined;
  }
}

/** fstab(5): spaces and the like are written in octal. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Undefined when it is gone. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
