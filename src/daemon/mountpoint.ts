/**
 * The state of a mountpoint before we mount on it, and the replacement of a mount that lost its server.
 *
 * Guarantees: never waits for ever on a mount whose server hangs or died: a FUSE mount is asked from a child process
 * that is killed after a while. Does not mount anything.
 */

import { spawnSync } from 'node:child_process';
import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { LogaggError } from '../config/errors.js';
import { FILE_SYSTEM_TYPE } from '../config/file-system-type.js';
import { findHostTool } from '../config/host-tool.js';
import { type MountEntry, mountsAt } from '../fuse/mount-table.js';
import { errorCode, reasonOf } from '../libc/errno-text.js';

/** `stale`: our mount without a server lies on it. */
export type MountpointState = 'free' | 'stale';

/** As many symlinks as Linux follows. */
const symlinkLimit = 40;

const answerTimeoutMilliseconds = 5000;

/** More mounts than anybody stacks by accident; unmounting stops there. */
const stackLimit = 100;

/**
 * The real path of a mountpoint. Only its parents are looked at: not even a symlink check reaches a mounted root.
 *
 * @throws LogaggError LOGAGG_MOUNTPOINT
 */
export function resolveMountpoint(mountpoint: string): string {
  let path = mountpoint;
  for (let followed = 0; followed <= symlinkLimit; followed++) {
    const real = resolveParents(path, mountpoint);
    const target = readSymlink(real);
    if (target === undefined) return real;
    path = resolve(dirname(real), target);
  }
  throw new LogaggError('LOGAGG_MOUNTPOINT', `mountpoint ${mountpoint} is a loop of symlinks`);
}

/**
 * @param mountpoint - a real path
 * @throws LogaggError LOGAGG_ALREADY_MOUNTED when we serve it; LOGAGG_MOUNTPOINT when it is not a directory, or a dead
 * mount of somebody else
 */
export function inspectMountpoint(mountpoint: string): MountpointState {
  const top = mountsAt(mountpoint).at(-1);
  if (top !== undefined && /^fuse(\.|$)/.test(top.fsType)) {
    const answer = askServer(mountpoint);
    if (isOurs(top) && answer === 'dead') return 'stale';
    if (isOurs(top)) throw alreadyMounted(mountpoint, answer);
    if (answer !== 'alive') throw unusableMount(mountpoint, top, answer);
  }
  assertDirectory(mountpoint);
  return 'free';
}

/**
 * Lazily unmounts our mounts that lost their server, however many are stacked, and says so on stderr.
 *
 * @throws LogaggError LOGAGG_MOUNTPOINT when that fails
 */
export function removeStaleMounts(mountpoint: string): void {
  let removed = 0;
  while (removed < stackLimit && isStale(mountpoint)) {
    unmountLazily(mountpoint);
    removed += 1;
  }
  const mounts = removed === 1 ? 'a stale mount' : `${removed} stale mounts`;
  if (removed > 0) process.stderr.write(`logagg-fs: unmounted ${mounts} (its server is gone) from ${mountpoint}\n`);
}

/** @throws LogaggError LOGAGG_MOUNTPOINT */
export function assertDirectory(mountpoint: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(mountpoint).isDirectory();
  } catch (error) {
    throw mountpointError(mountpoint, error);
  }
  if (!isDirectory) throw new LogaggError('LOGAGG_MOUNTPOINT', `mountpoint ${mountpoint} is not a directory`);
}

function resolveParents(path: string, mountpoint: string): string {
  if (path === '/') return path;
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw mountpointError(mountpoint, error);
  }
}

/** The kernel answers readlink on a mounted directory by itself. */
function readSymlink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function isStale(mountpoint: string): boolean {
  const top = mountsAt(mountpoint).at(-1);
  return top !== undefined && isOurs(top) && askServer(mountpoint) === 'dead';
}

/** The fuse-native engine can't set the subtype on every host; the name of the source tells then. */
export function isOurs({ fsType, source }: MountEntry): boolean {
  return fsType === FILE_SYSTEM_TYPE || (fsType === 'fuse' && source === 'logagg-fs');
}

type ServerAnswer = 'alive' | 'dead' | 'silent';

/** statfs(2), because the kernel answers it from no cache: a stat of a dead mount may still succeed for a while. */
function askServer(mountpoint: string): ServerAnswer {
  const script = 'try { require("fs").statfsSync(process.argv[1]) } catch (error) { process.stdout.write(error.code) }';
  const { stdout, status } = spawnSync(process.execPath, ['-e', script, '--', mountpoint], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: answerTimeoutMilliseconds,
    killSignal: 'SIGKILL',
  });
  if (stdout === 'ENOTCONN' || stdout === 'ECONNABORTED') return 'dead';
  return status === 0 ? 'alive' : 'silent';
}

function unmountLazily(mountpoint: string): void {
  const umount = findHostTool('umount');
  if (umount === undefined) throw staleRemains(mountpoint, 'umount is not installed');
  // -i: no umount.fuse.* helper, which might look at the dead mount.
  const { status, stderr } = spawnSync(umount, ['-i', '-l', '--', mountpoint], { encoding: 'utf8' });
  if (status !== 0) throw staleRemains(mountpoint, stderr.trim().split('\n')[0] ?? '');
}

function staleRemains(mountpoint: string, reason: string): LogaggError {
  return new LogaggError(
    'LOGAGG_MOUNTPOINT',
    `mountpoint ${mountpoint} holds a stale mount that can't be removed: ${reason}`,
  );
}

function alreadyMounted(mountpoint: string, answer: ServerAnswer): LogaggError {
  const hint = answer === 'silent' ? `, but its server does not answer: try umount -l ${mountpoint}` : '';
  return new LogaggError('LOGAGG_ALREADY_MOUNTED', `${mountpoint} is already mounted by logagg-fs${hint}`);
}

function unusableMount(mountpoint: string, { fsType, source }: MountEntry, answer: ServerAnswer): LogaggError {
  const state = answer === 'dead' ? 'lost its server' : 'does not answer';
  return new LogaggError(
    'LOGAGG_MOUNTPOINT',
    `mountpoint ${mountpoint} holds a mount of ${source} (${fsType}) that ${state}: unmount it first, umount -l ${mountpoint}`,
  );
}

function mountpointError(mountpoint: string, error: unknown): LogaggError {
  const reason =
    errorCode(error) === 'ENOENT' ? 'does not exist: create it first' : `can't be used: ${reasonOf(error)}`;
  return new LogaggError('LOGAGG_MOUNTPOINT', `mountpoint ${mountpoint} ${reason}`, { cause: error });
}
