/**
 * Who may read what we make in the log cache: root, and with `group=` that group.
 *
 * Guarantees: never more than that, whatever the umask. Where the group can't be set (only root may give a file away) the
 * file stays closed to it. Never throws.
 */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { fchmod, fchown, uninterrupted } from './capture-calls.js';

const KEEP_OWNER = 0xffffffff;

/** A new file. By fchmod, because the mode at creation passes through whatever umask the last caller had. */
export function setFileAccess(fd: number, gid: number | undefined): void {
  if (gid !== undefined) uninterrupted(() => fchown(fd, KEEP_OWNER, gid));
  uninterrupted(() => fchmod(fd, gid === undefined ? 0o600 : 0o640));
}

/** Makes a folder again that somebody removed. @returns whether it is there now */
export function makeCacheFolder(path: string, gid: number | undefined): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    if (gid !== undefined) chownSync(path, 0, gid);
    chmodSync(path, gid === undefined ? 0o700 : 0o750);
    return true;
  } catch {
    return false;
  }
}
