/**
 * Where mountpoint, log cache and logfile lie relative to each other.
 *
 * Guarantees: after {@link checkPlacement}, nothing that the server opens lies behind its own mountpoint, where it would
 * wait for itself for ever. Symlinks are resolved, also in front of parts that do not exist yet. Bind mounts are not
 * seen through, and nothing keeps a symlink from changing later.
 */

import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { type CachePaths, cachePaths } from '../config/cache-paths.js';
import { type ErrorCode, LogaggError } from '../config/errors.js';
import { parseListenAddress } from '../config/listen-address.js';
import type { MountOptions } from '../config/mount-options.js';
import { errorCode, reasonOf } from '../libc/errno-text.js';

/**
 * @param mountpoint - its real path
 * @throws LogaggError LOGAGG_ROOT, LOGAGG_LOGFILE or LOGAGG_OPTION_VALUE
 */
export function checkPlacement(options: MountOptions, mountpoint: string): void {
  const paths = cachePaths(options.root);
  checkRoot(paths, [options.mountpoint, mountpoint]);
  if (options.logfile !== undefined) checkLogfile(options.logfile, paths, [options.mountpoint, mountpoint]);
  if (options.metrics !== undefined) checkMetrics(options.metrics, [options.mountpoint, mountpoint]);
}

/** Whether `path` is `directory` or lies below it. Both absolute and normalized. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** The path as given comes first: what lies in the mountpoint by name is refused without touching the mount. */
function checkRoot(paths: CachePaths, mountpoints: readonly string[]): void {
  for (const path of [paths.root, paths.mirror, paths.logs, paths.meta, paths.trackfiles]) {
    refuseInside(path, path, mountpoints, paths);
    const real = resolveExisting(path, 'LOGAGG_ROOT', `root=${paths.root}`);
    refuseInside(path, real, mountpoints, paths);
  }
  requireDirectory(paths.root, 'LOGAGG_ROOT', `root=${paths.root}`);
}

function refuseInside(
  path: string,
  real: string,
  mountpoints: readonly string[],
  { root, trackfiles }: CachePaths,
): void {
  const [mountpoint = ''] = mountpoints;
  const name = path === root ? `root=${root}` : `${path} (in root=)`;
  if (mountpoints.some((candidate) => isWithin(real, candidate))) {
    throw new LogaggError('LOGAGG_ROOT', `${name} lies inside the mountpoint ${mountpoint}: it would mirror itself`);
  }
  if (path !== trackfiles && mountpoints.some((candidate) => isWithin(candidate, real))) {
    throw new LogaggError('LOGAGG_ROOT', `the mountpoint ${mountpoint} lies inside ${name}: it would mirror itself`);
  }
}

function checkLogfile(
  logfile: string,
  { mirror, logs, meta, trackfiles }: CachePaths,
  mountpoints: readonly string[],
): void {
  const name = `logfile=${logfile}`;
  const refuse = (reason: string): never => {
    throw new LogaggError('LOGAGG_LOGFILE', `${name} ${reason}`);
  };
  const inMountpoint = (path: string): boolean => mountpoints.some((mountpoint) => isWithin(path, mountpoint));
  if (inMountpoint(logfile)) refuse(`lies inside the mountpoint ${mountpoints[0]}`);
  const real = resolveExisting(logfile, 'LOGAGG_LOGFILE', name);
  if (inMountpoint(real)) refuse(`lies inside the mountpoint ${mountpoints[0]}`);
  const places = [logfile, join(resolveExisting(dirname(logfile), 'LOGAGG_LOGFILE', name), basename(logfile)), real];
  for (const reserved of [mirror, logs, meta, trackfiles]) {
    const resolved = resolveExisting(reserved, 'LOGAGG_LOGFILE', name);
    if (places.some((place) => isWithin(place, reserved) || isWithin(place, resolved))) {
      refuse(`lies in ${reserved}, which belongs to the log cache`);
    }
  }
  if (isDirectory(real) === true) refuse('is a directory: name a file');
}

/** A Unix socket of ours behind the mountpoint would wait for ourselves. */
function checkMetrics(metrics: string, mountpoints: readonly string[]): void {
  const address = parseListenAddress(metrics);
  if (address.kind !== 'unix') return;
  const name = `metrics=${metrics}`;
  const isInside = (path: string): boolean => mountpoints.some((mountpoint) => isWithin(path, mountpoint));
  // By its name first: what lies in the mountpoint is refused without touching the mount.
  if (isInside(address.path) || isInside(resolveExisting(address.path, 'LOGAGG_OPTION_VALUE', name))) {
    throw new LogaggError('LOGAGG_OPTION_VALUE', `${name} lies inside the mountpoint ${mountpoints[0]}`);
  }
}

function requireDirectory(path: string, code: ErrorCode, name: string): void {
  if (isDirectory(path) === false) throw new LogaggError(code, `${name} is not a directory`);
}

/** Undefined when there is nothing at the path. */
function isDirectory(path: string): boolean | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory();
}

/** The real path of the deepest part that exists, and the rest as it is. */
function resolveExisting(path: string, code: ErrorCode, name: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && dirname(path) !== path) {
      return join(resolveExisting(dirname(path), code, name), basename(path));
    }
    throw new LogaggError(code, `${name} can't be used: ${reasonOf(error)}`, { cause: error });
  }
}
