/**
 * Everything that can be refused before anything is mounted.
 *
 * Guarantees: after {@link preflight} the mountpoint is a directory that we do not serve yet, no dead mount of ours lies
 * on it, and the log cache exists outside of it. Whatever is refused is refused before anything was changed. Does not
 * notice a second mountpoint with the same `root=`.
 */

import { readdirSync } from 'node:fs';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { resolveGroup } from '../config/group.js';
import type { MountOptions } from '../config/mount-options.js';
import { whyNoUring } from '../fuse/uring/uring-support.js';
import { checkInPlace } from './in-place.js';
import { createLogCache } from './log-cache.js';
import {
  assertDirectory,
  inspectMountpoint,
  type MountpointState,
  removeStaleMounts,
  resolveMountpoint,
} from './mountpoint.js';
import { checkPlacement } from './placement.js';

/** What {@link inspect} found out. */
export interface Inspection {
  /** The real path of the mountpoint. */
  readonly mountpoint: string;
  readonly state: MountpointState;
  /** The number of `group=`. */
  readonly gid: number | undefined;
}

/**
 * Refuses what can't be mounted and changes nothing.
 *
 * @throws LogaggError LOGAGG_MOUNTPOINT, LOGAGG_ALREADY_MOUNTED, LOGAGG_ROOT, LOGAGG_LOGFILE or LOGAGG_OPTION_VALUE
 */
export function inspect(options: MountOptions): Inspection {
  const withoutUring = options.transport === 'uring' ? whyNoUring() : undefined;
  if (withoutUring !== undefined) throw new LogaggError('LOGAGG_UNSUPPORTED', `transport=uring: ${withoutUring}`);
  const mountpoint = resolveMountpoint(options.mountpoint);
  const state = inspectMountpoint(mountpoint);
  checkPlacement(options, mountpoint);
  if (state === 'free') checkInPlace(options);
  const gid = options.group === undefined ? undefined : resolveGroup(options.group);
  return { mountpoint, state, gid };
}

/**
 * {@link inspect}, then removes a stale mount and makes what is missing of the log cache.
 *
 * @throws LogaggError as {@link inspect} does
 */
export function preflight(options: MountOptions): void {
  const { mountpoint, state, gid } = inspect(options);
  if (state === 'stale') {
    removeStaleMounts(mountpoint);
    assertDirectory(mountpoint);
  }
  createLogCache(options.root, mountpoint, gid);
  if (options.inPlace) checkInPlace(options);
  else warnOfHiddenFiles(mountpoint, cachePaths(options.root).mirror);
}

/** Who mounts over existing logs for the first time does not see them any more, and should know where they went. */
function warnOfHiddenFiles(mountpoint: string, mirror: string): void {
  const hidden = readdirSync(mountpoint).filter((name) => name !== 'lost+found').length;
  if (hidden === 0 || readdirSync(mirror).length > 0) return;
  const entries = hidden === 1 ? '1 entry' : `${hidden} entries`;
  const advice = `to see them in it, unmount and copy them: cp -a ${mountpoint}/. ${mirror}/`;
  process.stderr.write(
    `logagg-fs: ${entries} of ${mountpoint} hidden below the mount, whose mirror is empty; ${advice}\n`,
  );
}
