/**
 * Looks at a host before anything is set up or checked.
 *
 * Guarantees: changes nothing. Whatever would make the mount fail is refused here, by the checks that the mount itself makes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrackList } from '../capture/track-list.js';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { findHostTool } from '../config/host-tool.js';
import { parseMountOptions } from '../config/mount-options.js';
import { escapeOptionValue } from '../config/option-string.js';
import { isOurProgram } from '../config/program-files.js';
import { inspectMountpoint, isOurs } from '../daemon/mountpoint.js';
import { inspect } from '../daemon/preflight.js';
import { Capability, hasCapability } from '../fuse/fuse-native/mounter.js';
import { mountsAt } from '../fuse/mount-table.js';
import { parseFstab, readText } from './fstab-file.js';
import type { HostFacts, SetupRequest } from './setup-plan.js';
import { FSTAB, URING_PARAMETER } from './setup-steps.js';

/** @throws LogaggError for what can't be set up */
export function gatherFacts(request: SetupRequest): HostFacts {
  const { mountpoint, root, copy } = request;
  requireRoot();
  refuseBadPatterns(request.patterns);
  const isMounted = isServed(mountpoint, root);
  const optionStrings = [`root=${escapeOptionValue(root)}${copy ? '' : ',inplace'}`];
  if (!isMounted) inspect(parseMountOptions({ mountpoint, optionStrings, cwd: '/' }));
  const { mirror, trackfiles, logs } = cachePaths(root);
  return {
    entries: isMounted || !copy ? 0 : countEntries(mountpoint),
    isMounted,
    fstab: parseFstab(readText(FSTAB)),
    cacheExists: namesIn(logs) !== undefined,
    mirrorEntries: isMounted ? 0 : (namesIn(mirror)?.length ?? 0),
    patterns: readText(trackfiles)
      .split('\n')
      .map((line) => line.trim()),
    missingLinks: [
      ...(findHostTool('logagg-fs') === undefined ? ['/usr/bin/logagg-fs'] : []),
      ...(findHostTool('mount.logagg-fs') === undefined ? ['/sbin/mount.logagg-fs'] : []),
    ],
    ioUringOn: ioUringOn(),
  };
}

/** @throws LogaggError LOGAGG_UNSUPPORTED */
export function requireRoot(): void {
  if (process.geteuid?.() === 0 && hasCapability(Capability.sysAdmin)) return;
  throw new LogaggError('LOGAGG_UNSUPPORTED', 'setup changes /etc/fstab and mounts: run it as root');
}

/** The pid of the server that holds a log cache; undefined when there is none. */
export function serverOf(root: string): number | undefined {
  const pid = Number(readText(join(cachePaths(root).meta, 'server.pid')).trim());
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return isOurProgram(commandLine(pid).split('\0')) ? pid : undefined;
}

/** @throws LogaggError LOGAGG_ALREADY_MOUNTED when it is, with another log cache */
function isServed(mountpoint: string, root: string): boolean {
  const top = mountsAt(mountpoint).at(-1);
  if (top === undefined || !isOurs(top)) return false;
  try {
    return inspectMountpoint(mountpoint) !== 'stale';
  } catch (error) {
    const pid = serverOf(root);
    const isAlive = error instanceof LogaggError && error.code === 'LOGAGG_ALREADY_MOUNTED';
    if (isAlive && pid !== undefined && commandLine(pid).split('\0').includes(mountpoint)) return true;
    throw error;
  }
}

function refuseBadPatterns(patterns: readonly string[]): void {
  const [problem] = parseTrackList(patterns.join('\n')).problems;
  if (problem !== undefined) throw new LogaggError('LOGAGG_USAGE', `--track: ${problem.message}`);
}

function ioUringOn(): boolean | undefined {
  const text = readText(URING_PARAMETER).trim();
  return text === '' ? undefined : text === 'Y';
}

function countEntries(directory: string): number {
  try {
    return readdirSync(directory, { recursive: true }).length;
  } catch {
    return 0; // A stale mount lies on it, which the next mount replaces.
  }
}

function namesIn(directory: string): string[] | undefined {
  try {
    return readdirSync(directory);
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
