/**
 * What `setup` would do on a host.
 *
 * Guarantees: a pure function of what was asked for and of what the host is like; nothing is looked up or changed here. What
 * is done already is left out, so that a second `setup` has nothing to do.
 */
import { LogaggError } from '../config/errors.js';
import { encodeField, type FstabEntry, hasSetupMark, isLogaggEntry, SETUP_MARK } from './fstab-file.js';

export interface SetupRequest {
  /** Absolute. */
  readonly mountpoint: string;
  readonly root: string;
  readonly patterns: readonly string[];
  /** Copy into the mirror instead of `inplace`. */
  readonly copy: boolean;
  /** Switch FUSE over io_uring on. */
  readonly ioUring: boolean;
}

export interface HostFacts {
  /** What is in the directory: none of it is looked at when it is mounted already. */
  readonly entries: number;
  /** Our mount lies on it, with this log cache. */
  readonly isMounted: boolean;
  readonly fstab: readonly FstabEntry[];
  readonly cacheExists: boolean;
  readonly mirrorEntries: number;
  /** Lines of trackfiles.txt. */
  readonly patterns: readonly string[];
  /** Names under which mount(8) and users look for us, and that are missing. */
  readonly missingLinks: readonly string[];
  /** Undefined where the kernel has none. */
  readonly ioUringOn: boolean | undefined;
}

/** One step. What each does, and how it is taken back: `setup-steps.ts`. */
export type SetupStep =
  | { readonly kind: 'cache'; readonly root: string }
  | { readonly kind: 'patterns'; readonly patterns: readonly string[] }
  | { readonly kind: 'link'; readonly path: string }
  | { readonly kind: 'io-uring' }
  | { readonly kind: 'copy'; readonly entries: number }
  | { readonly kind: 'fstab'; readonly line: string }
  | { readonly kind: 'mount' };

/**
 * The line for /etc/fstab. Its type finds /sbin/mount.logagg-fs without the package fuse3. systemd.mount(5): with nofail a mount
 * is not ordered before anything, unless told.
 */
export function fstabLine({ mountpoint, root, copy }: SetupRequest): string {
  const options = [
    `root=${encodeField(root)}`,
    ...(copy ? [] : ['inplace']),
    'nofail',
    'x-systemd.before=local-fs.target',
    `x-systemd.requires-mounts-for=${encodeField(root)}`,
    'x-systemd.mount-timeout=60s',
    SETUP_MARK,
  ];
  return `logagg-fs ${encodeField(mountpoint)} logagg-fs ${options.join(',')} 0 0`;
}

/** @throws LogaggError when the host's state and the request exclude each other */
export function planSetup(request: SetupRequest, facts: HostFacts): SetupStep[] {
  const { mountpoint, root, copy } = request;
  refuseUnwritable(root);
  const entry = entryFor(request, facts.fstab);
  if (copy && !facts.isMounted && facts.mirrorEntries > 0) {
    throw new LogaggError('LOGAGG_ROOT', `--copy needs an empty ${root}/mirror, and it holds ${facts.mirrorEntries}`);
  }
  const steps: SetupStep[] = [];
  if (!facts.cacheExists) steps.push({ kind: 'cache', root });
  const patterns = request.patterns.filter((pattern) => !facts.patterns.includes(pattern));
  if (patterns.length > 0) steps.push({ kind: 'patterns', patterns });
  for (const path of facts.missingLinks) steps.push({ kind: 'link', path });
  if (request.ioUring && facts.ioUringOn === undefined) {
    throw new LogaggError('LOGAGG_UNSUPPORTED', 'this kernel has no FUSE over io_uring (Linux 6.14 and later)');
  }
  if (request.ioUring && facts.ioUringOn === false) steps.push({ kind: 'io-uring' });
  if (copy && !facts.isMounted) steps.push({ kind: 'copy', entries: facts.entries });
  if (entry === undefined) steps.push({ kind: 'fstab', line: fstabLine({ ...request, mountpoint }) });
  if (!facts.isMounted) steps.push({ kind: 'mount' });
  return steps;
}

/** One line for the user. */
export function describeStep(step: SetupStep, { mountpoint, root }: SetupRequest): string {
  switch (step.kind) {
    case 'cache':
      return `make the log cache ${step.root}`;
    case 'patterns':
      return `track ${step.patterns.join(' ')} (in ${root}/trackfiles.txt)`;
    case 'link':
      return `link ${step.path} to this program`;
    case 'io-uring':
      return 'switch FUSE over io_uring on, also for the next boot (/etc/modprobe.d/logagg-fs.conf)';
    case 'copy':
      return `copy ${step.entries} entries of ${mountpoint} to ${root}/mirror`;
    case 'fstab':
      return `add to /etc/fstab: ${step.line}`;
    case 'mount':
      return `mount ${mountpoint}, and test it`;
  }
}

function entryFor({ mountpoint, root, copy }: SetupRequest, fstab: readonly FstabEntry[]): FstabEntry | undefined {
  const entry = fstab.find((candidate) => candidate.mountpoint === mountpoint);
  if (entry === undefined) return undefined;
  const where = `line ${entry.line} of /etc/fstab`;
  if (!isLogaggEntry(entry)) {
    const advice = 'systemd takes one line for each mountpoint; see logagg-fs@.service, or mount by hand';
    throw new LogaggError('LOGAGG_MOUNTPOINT', `${where} mounts ${entry.source} on ${mountpoint}: ${advice}`);
  }
  const options = entry.options.split(',').map((option) => option.replace(/\/$/, ''));
  if (!options.includes(`root=${encodeField(root)}`)) {
    throw new LogaggError('LOGAGG_ROOT', `${where} mounts ${mountpoint} with another root=: use that, or --undo first`);
  }
  if (hasSetupMark(entry) && options.includes('inplace') === copy) {
    const way = copy ? 'inplace' : 'by --copy';
    throw new LogaggError('LOGAGG_USAGE', `${mountpoint} is set up ${way} already: --undo first`);
  }
  return entry;
}

function refuseUnwritable(root: string): void {
  if (!/[,"\\]/.test(root)) return;
  throw new LogaggError('LOGAGG_USAGE', `--root ${root}: a comma, quote or backslash in its name is not supported`);
}
