/**
 * Makes the log cache.
 *
 * Guarantees: what exists is left as it is, contents, owner and mode. What is made is closed to everybody but root
 * and, with `group=`, that group; the mirror looks like the directory that it replaces. Does not check where the
 * cache lies (`src/daemon/placement.ts`).
 */

import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { errorCode, reasonOf } from '../libc/errno-text.js';

/** Owner and permission bits of something to make. */
interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** A new trackfiles.txt: it explains itself and captures nothing yet. */
const trackfilesExplained = `# Files to capture: one pattern a line. Changes take effect within seconds, also for files that are already open.
#
# A pattern is a glob (micromatch) for the full path under the mountpoint:
#   *      anything but a slash        ?        one character
#   **     any directories             {a,b}    one of these
#   [a-z]  one character of these      !PATTERN not these; the last line that matches decides
#
# Examples, to use without the # in front:
#   /var/log/syslog
#   /var/log/nginx/*.log
#   /var/log/**/*.log
#   !/var/log/**/debug.log
#
# Lines that begin with # and empty lines mean nothing.
`;

/**
 * Makes what is missing of the log cache.
 *
 * @param root - absolute path
 * @param mountpoint - the directory whose owner, group and mode a new mirror takes
 * @param gid - the group that may read chunks; undefined for root alone
 * @throws LogaggError LOGAGG_ROOT
 */
export function createLogCache(root: string, mountpoint: string, gid: number | undefined): void {
  const paths = cachePaths(root);
  const owner = { uid: process.geteuid?.() ?? 0, gid: gid ?? process.getegid?.() ?? 0 };
  const closedDirectory = { ...owner, mode: gid === undefined ? 0o700 : 0o750 };
  const closedFile = { ...owner, mode: gid === undefined ? 0o600 : 0o640 };
  attempt(dirname(root), () => mkdirSync(dirname(root), { recursive: true }));
  createDirectory(paths.root, closedDirectory);
  createDirectory(paths.mirror, ownershipOf(mountpoint));
  createDirectory(paths.logs, closedDirectory);
  createDirectory(paths.meta, closedDirectory);
  createFile(paths.trackfiles, trackfilesExplained, closedFile);
}

function ownershipOf(mountpoint: string): Ownership {
  const { uid, gid, mode } = attempt(mountpoint, () => statSync(mountpoint));
  return { uid, gid, mode: mode & 0o7777 };
}

function createDirectory(path: string, { uid, gid, mode }: Ownership): void {
  attempt(path, () => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    mkdirSync(path, { mode: mode & 0o700 });
    giveAway(() => chownSync(path, uid, gid));
    chmodSync(path, mode);
  });
}

function createFile(path: string, contents: string, { uid, gid, mode }: Ownership): void {
  attempt(path, () => {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
    const fd = openSync(path, 'wx', mode & 0o700);
    try {
      writeSync(fd, contents);
      giveAway(() => fchownSync(fd, uid, gid));
      fchmodSync(fd, mode);
    } finally {
      closeSync(fd);
    }
  });
}

/** Only root may give files away; whoever else mounts (through fusermount) keeps them. */
function giveAway(chown: () => void): void {
  try {
    chown();
  } catch (error) {
    if (errorCode(error) !== 'EPERM' || process.geteuid?.() === 0) throw error;
  }
}

function attempt<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw new LogaggError('LOGAGG_ROOT', `can't create ${path} for the log cache: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
