/**
 * Our own mount options: the values that each one takes, and their defaults.
 *
 * Guarantees: a value that is read here is in range; a wrong one is refused by an error that names the option and
 * what it takes. Does not touch the file system: a path or a group need not exist.
 */

import { resolve } from 'node:path';
import type { CacheLimits, FreeSpaceFloor } from './cache-limits.js';
import { LogaggError } from './errors.js';
import { listenAddressForms, readListenAddress } from './listen-address.js';
import type { LogLevel, MountOptions } from './mount-options.js';

/** What our own options set. `root` stays undefined until it is given; `fsname=` gives `source`. */
export interface OwnOptions extends Omit<MountOptions, 'source' | 'mountpoint' | 'root' | 'kernelFlags'> {
  readonly source: string | undefined;
  readonly root: string | undefined;
}

/** What one option sets: of the limits only its own. */
export type OwnValues = Partial<Omit<OwnOptions, 'limits'>> & { readonly limits?: Partial<CacheLimits> };

/** Everything but `root=` has a default. */
export const defaultOwnOptions: OwnOptions = {
  source: undefined,
  root: undefined,
  logfile: undefined,
  loglevel: 'info',
  engine: 'auto',
  transport: 'auto',
  chunkSize: 500_000,
  sealSeconds: 10,
  limits: { maxCacheBytes: 0, minFree: { amount: 5, unit: '%' }, whenFull: 'drop-oldest' },
  hangSeconds: 30,
  skipWriters: ['logrotate', 'gzip', 'bzip2', 'xz', 'zstd'],
  group: undefined,
  busyPollMicroseconds: 50,
  passthrough: true,
  nativeUntracked: false,
  provenance: true,
  metrics: undefined,
  inPlace: false,
};

/** Names as Python's logging, syslog and pino write them. */
const logLevels: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  fatal: 'fatal',
};

/** The kernel cuts command names (`/proc/PID/comm`) to this many bytes. */
const longestCommand = 15;

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

type Reader = (value: string, cwd: string) => OwnValues;

const readers: Readonly<Record<string, Reader>> = {
  root: (value, cwd) => ({ root: readPath('root', value, cwd) }),
  logfile: (value, cwd) => ({ logfile: readPath('logfile', value, cwd) }),
  loglevel: (value) => ({ loglevel: readLogLevel(value) }),
  engine: (value) => ({ engine: readChoice('engine', value, ['auto', 'kernel', 'fuse-native']) }),
  transport: (value) => ({ transport: readChoice('transport', value, ['auto', 'uring', 'device']) }),
  chunksize: (value) => ({ chunkSize: readChunkSize(value) }),
  seal: (value) => ({ sealSeconds: readSealSeconds(value) }),
  maxcache: (value) => ({ limits: { maxCacheBytes: readMaxCache(value) } }),
  minfree: (value) => ({ limits: { minFree: readFloor(value) } }),
  full: (value) => ({ limits: { whenFull: readChoice('full', value, ['drop-oldest', 'drop-new', 'fail']) } }),
  hang: (value) => ({ hangSeconds: readHangSeconds(value) }),
  skipwriters: (value) => ({ skipWriters: readCommands(value) }),
  group: (value) => ({ group: readText('group', value, 'the name or number of a group') }),
  busypoll: (value) => ({ busyPollMicroseconds: readBusyPoll(value) }),
  passthrough: (value) => ({ passthrough: readChoice('passthrough', value, ['on', 'off']) === 'on' }),
  untracked: (value) => ({ nativeUntracked: readChoice('untracked', value, ['served', 'native']) === 'native' }),
  provenance: (value) => ({ provenance: readChoice('provenance', value, ['on', 'off']) === 'on' }),
  metrics: (value, cwd) => ({ metrics: readListenAddress(value, cwd) ?? refuse('metrics', value, listenAddressForms) }),
  inplace: (value) => ({ inPlace: value === '' || readChoice('inplace', value, ['on', 'off']) === 'on' }),
  fsname: (value) => ({ source: readText('fsname', value, 'a name') }),
};

/** Names that {@link readOwnOption} knows. */
export const ownOptionNames: readonly string[] = Object.keys(readers);

/**
 * What one of our options sets, or undefined when `name` is not ours.
 *
 * @throws LogaggError LOGAGG_OPTION_VALUE for a value that is not allowed
 */
export function readOwnOption(name: string, value: string | undefined, cwd: string): OwnValues | undefined {
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  return reader?.(value ?? '', cwd);
}

/** The options with values that came later. */
export function withValues(own: OwnOptions, { limits, ...values }: OwnValues): OwnOptions {
  return { ...own, ...values, limits: { ...own.limits, ...limits } };
}

/** A floor as `minfree=` takes it. */
export function formatFloor({ amount, unit }: FreeSpaceFloor): string {
  return unit === '%' ? `${amount}%` : String(amount);
}

/**
 * Refuses values that exclude each other.
 *
 * @throws LogaggError LOGAGG_OPTION_VALUE
 */
export function checkConflicts({ engine, transport }: OwnOptions): void {
  if (engine !== 'fuse-native' || transport === 'auto') return;
  throw new LogaggError(
    'LOGAGG_OPTION_VALUE',
    `transport=${transport} belongs to engine=kernel and can't be used with engine=fuse-native`,
  );
}

function refuse(name: string, value: string, allowed: string): never {
  const given = value === '' ? 'has no value' : `can't be ${JSON.stringify(value)}`;
  throw new LogaggError('LOGAGG_OPTION_VALUE', `option ${name}= ${given}: it takes ${allowed}`);
}

function readText(name: string, value: string, allowed: string): string {
  return value === '' ? refuse(name, value, allowed) : value;
}

function readPath(name: string, value: string, cwd: string): string {
  return resolve(cwd, readText(name, value, 'a path'));
}

function readChoice<Choice extends string>(name: string, value: string, choices: readonly Choice[]): Choice {
  return choices.find((choice) => choice === value) ?? refuse(name, value, choices.join(' or '));
}

function readLogLevel(value: string): LogLevel {
  const name = value.toLowerCase();
  const level = Object.hasOwn(logLevels, name) ? logLevels[name] : undefined;
  return level ?? refuse('loglevel', value, Object.keys(logLevels).join(', '));
}

function readChunkSize(value: string): number {
  const bytes = /g$/i.test(value) ? Number.NaN : readSize(value);
  const valid = bytes >= 1 && bytes <= 512 * 1024 ** 2;
  return valid ? bytes : refuse('chunksize', value, 'a whole number of bytes from 1 to 512m, k and m allowed');
}

function readMaxCache(value: string): number {
  const bytes = readSize(value);
  return Number.isSafeInteger(bytes)
    ? bytes
    : refuse('maxcache', value, 'a whole number of bytes, k, m and g allowed, 0 for no limit');
}

function readFloor(value: string): FreeSpaceFloor {
  const [, percent = ''] = /^(\d+\.?\d*|\.\d+)%$/.exec(value) ?? [];
  const floor: FreeSpaceFloor =
    percent === '' ? { amount: readSize(value), unit: 'bytes' } : { amount: Number(percent), unit: '%' };
  const valid = floor.unit === '%' ? floor.amount < 100 : Number.isSafeInteger(floor.amount);
  return valid ? floor : refuse('minfree', value, 'a percentage such as 5%, or bytes, k, m and g allowed, 0 for none');
}

/** @returns bytes; NaN for what is no size */
function readSize(value: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([kmg]?)$/i.exec(value) ?? [];
  return digits === '' ? Number.NaN : Number(digits) * (unitBytes[unit.toLowerCase()] ?? 1);
}

function readSealSeconds(value: string): number {
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : Number.NaN;
  return seconds >= 0.1 && seconds <= 86_400 ? seconds : refuse('seal', value, 'seconds from 0.1 to 86400');
}

function readHangSeconds(value: string): number {
  const seconds = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  const valid = seconds === 0 || (seconds >= 2 && seconds <= 3600);
  return valid ? seconds : refuse('hang', value, 'whole seconds from 2 to 3600, or 0 for never');
}

function readBusyPoll(value: string): number {
  const microseconds = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return microseconds <= 1000 ? microseconds : refuse('busypoll', value, 'microseconds from 0 to 1000');
}

function readCommands(value: string): string[] {
  const commands = value.split(':').filter((command) => command !== '');
  const long = commands.find((command) => Buffer.byteLength(command) > longestCommand);
  if (long === undefined) return commands;
  return refuse('skipwriters', long, `command names as /proc/PID/comm shows them, ${longestCommand} bytes at most`);
}
