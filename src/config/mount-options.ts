/**
 * Mount options: what `-o a,b=c` means.
 *
 * Guarantees: pure functions of their input; nothing here touches the file system. Does not check that paths exist
 * (see `src/daemon/preflight.ts`).
 */

import { resolve } from 'node:path';
import type { CacheLimits } from './cache-limits.js';
import { LogaggError } from './errors.js';
import { ignoredFlagNames, isIgnored } from './ignored-options.js';
import { applyKernelFlag, defaultKernelFlags, formatKernelFlags, kernelFlagNames } from './kernel-flags.js';
import { escapeOptionValue, type OptionItem, splitOptionString } from './option-string.js';
import {
  checkConflicts,
  defaultOwnOptions,
  formatFloor,
  type OwnValues,
  ownOptionNames,
  readOwnOption,
  withValues,
} from './option-values.js';
import { nearestWord } from './spelling.js';

/** Severity threshold of our own log, pino's names. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Mount flags that the kernel itself enforces, as `mount(2)` knows them. */
export interface KernelFlags {
  readonly readOnly: boolean;
  readonly noSuid: boolean;
  readonly noDev: boolean;
  readonly noExec: boolean;
  readonly noAtime: boolean;
  readonly noDirAtime: boolean;
  readonly synchronous: boolean;
  readonly dirSync: boolean;
}

/** One mount, completely described. Paths are absolute and normalized, without a trailing slash (except `/`). */
export interface MountOptions {
  /** First field of the fstab line; shown by `df`. */
  readonly source: string;
  readonly mountpoint: string;
  /** The log cache: mirror, chunks, trackfiles.txt. */
  readonly root: string;
  /** Where our own log goes; undefined means the default for foreground or background. */
  readonly logfile: string | undefined;
  readonly loglevel: LogLevel;
  readonly engine: 'auto' | 'kernel' | 'fuse-native';
  readonly transport: 'auto' | 'uring' | 'device';
  /** A chunk that has grown beyond this many bytes ends at its next newline. */
  readonly chunkSize: number;
  /** A chunk idle for this many seconds is sealed. */
  readonly sealSeconds: number;
  /** How large the log cache may become, and what happens then. */
  readonly limits: CacheLimits;
  /** A server that shows no sign of life for so many seconds is replaced; 0 for never. */
  readonly hangSeconds: number;
  /** Command names (`/proc/PID/comm`) whose writes are never captured: the tools of rotation. */
  readonly skipWriters: readonly string[];
  /** Group that may read chunks, or undefined for root alone. */
  readonly group: string | undefined;
  /** Longest time in microseconds that the request loop polls before it sleeps; 0 turns polling off. */
  readonly busyPollMicroseconds: number;
  /** Reads and mmap go straight to the mirror's file in the kernel, where the kernel can. */
  readonly passthrough: boolean;
  /** Files that no pattern matches when they are opened are written in the kernel as well, until they are closed. */
  readonly nativeUntracked: boolean;
  /** Who wrote what, and when, is recorded beside the chunks. */
  readonly provenance: boolean;
  /** Where metrics and the dashboard are served, as `config/listen-address.ts` writes it; undefined for nowhere. */
  readonly metrics: string | undefined;
  /** The mirror is a bind mount of the directory underneath the mountpoint: the real files stay where they are. */
  readonly inPlace: boolean;
  readonly kernelFlags: KernelFlags;
}

/** What the command line says about a mount. */
export interface MountRequest {
  /** First positional of mount(8); `fsname=` overrides it, without both it is `logagg-fs`. */
  readonly source?: string;
  readonly mountpoint: string;
  /** Every `-o`, in their order. */
  readonly optionStrings: readonly string[];
  /** Absolute directory that relative paths start from. */
  readonly cwd: string;
  /** mount(8)'s `-s`: unknown options are dropped instead of refused. */
  readonly sloppy?: boolean;
}

/**
 * Reads the options of one mount. Of contradicting options the last one wins, as in mount(8).
 *
 * @throws LogaggError LOGAGG_OPTION_UNKNOWN, LOGAGG_OPTION_VALUE, LOGAGG_OPTION_MISSING (no `root=`) or LOGAGG_USAGE
 */
export function parseMountOptions(input: MountRequest): MountOptions {
  let own = defaultOwnOptions;
  let kernelFlags = defaultKernelFlags;
  for (const item of input.optionStrings.flatMap(splitOptionString)) {
    const flags = item.value === undefined ? applyKernelFlag(kernelFlags, item.name) : undefined;
    if (flags !== undefined) kernelFlags = flags;
    else if (!isIgnored(item)) own = withValues(own, readOther(item, input));
  }
  checkConflicts(own);
  const { root, source = input.source ?? 'logagg-fs', ...others } = own;
  if (root === undefined) {
    throw new LogaggError(
      'LOGAGG_OPTION_MISSING',
      'option root= is missing: say where the log cache is, -o root=DIRECTORY',
    );
  }
  return { ...others, source, mountpoint: resolve(input.cwd, input.mountpoint), root, kernelFlags };
}

/**
 * The canonical option string of a mount: together with the same mountpoint, {@link parseMountOptions} makes equal
 * options of it. Tells every value, defaults included.
 */
export function formatMountOptions(options: MountOptions): string {
  const values: Readonly<Record<string, string | undefined>> = {
    fsname: options.source,
    root: options.root,
    logfile: options.logfile,
    loglevel: options.loglevel,
    engine: options.engine,
    transport: options.transport,
    chunksize: String(options.chunkSize),
    seal: String(options.sealSeconds),
    maxcache: String(options.limits.maxCacheBytes),
    minfree: formatFloor(options.limits.minFree),
    full: options.limits.whenFull,
    hang: String(options.hangSeconds),
    skipwriters: options.skipWriters.join(':'),
    group: options.group,
    busypoll: String(options.busyPollMicroseconds),
    passthrough: options.passthrough ? 'on' : 'off',
    untracked: options.nativeUntracked ? 'native' : 'served',
    provenance: options.provenance ? 'on' : 'off',
    metrics: options.metrics,
    inplace: options.inPlace ? 'on' : 'off',
  };
  const assignments = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${escapeOptionValue(value)}`],
  );
  return [...formatKernelFlags(options.kernelFlags), ...assignments].join(',');
}

function readOther(item: OptionItem, { cwd, sloppy = false }: MountRequest): OwnValues {
  if (item.name === 'remount') {
    throw new LogaggError('LOGAGG_USAGE', 'remount is not supported: unmount, then mount with the new options');
  }
  const own = readOwnOption(item.name, item.value, cwd);
  if (own !== undefined) return own;
  if (sloppy) return {};
  throw unknownOption(item);
}

function unknownOption({ name, value }: OptionItem): LogaggError {
  const flags = [...kernelFlagNames, ...ignoredFlagNames];
  if (value !== undefined && flags.includes(name)) {
    return new LogaggError('LOGAGG_OPTION_VALUE', `option ${name} takes no value: write ${name} instead of ${name}=…`);
  }
  const nearest = nearestWord(name, [...ownOptionNames, ...flags]);
  const hint = nearest === undefined ? '' : `: did you mean ${nearest}${ownOptionNames.includes(nearest) ? '=' : ''}?`;
  return new LogaggError('LOGAGG_OPTION_UNKNOWN', `unknown option ${JSON.stringify(name)}${hint}`);
}
