/**
 * One server for each log cache.
 *
 * Guarantees: while a server lives no second one serves the same root. `meta/server.pid` shows the server's pid.
 */
import { join } from 'node:path';
import { makeCacheFolder } from '../capture/cache-access.js';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { takePidLock } from '../libc/pid-lock.js';

/** File in `meta/` that is locked and holds the server's pid. */
const LOCK_FILE = 'server.pid';

/**
 * Takes the lock for the rest of the process's life.
 * @throws LogaggError LOGAGG_ROOT when another server holds it
 * @throws Node's errors when there can be no lock file
 */
export function lockRoot(root: string): void {
  const holder = takePidLock(join(cachePaths(root).meta, LOCK_FILE));
  if (holder === undefined) return;
  throw new LogaggError('LOGAGG_ROOT', `root=${root} is in use by another mount (server process ${holder})`);
}

/** Makes folders of the log cache again that somebody has removed. Never throws. */
export function restoreFolders(root: string, gid: number | undefined): void {
  const { logs, meta } = cachePaths(root);
  for (const folder of [logs, meta]) makeCacheFolder(folder, gid);
}
