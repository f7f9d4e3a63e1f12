/**
 * Everything that can be refused before anything is mounted.
 *
 * Guarantees: after {@link preflight} the mountpoint is a directory that we do not serve yet, no dead mount of ours lies
 * on it, and the log cache exists outside of it. Whatever is refused is refused before anything was changed. Does not
 * notice a second mountpoint with the same `root=`.
 */

import { resolveGroup } from '../config/group.js';
import type { MountOptions } from '../config/mount-options.js';
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
  const mountpoint = resolveMountpoint(options.mountpoint);
  const state = inspectMountpoint(mountpoint);
  checkPlacement(options, mountpoint);
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
}
