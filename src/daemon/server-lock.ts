/**
 * One server for each log cache.
 *
 * Guarantees: while a server lives no second one serves the same root; the lock ends with its process, however that ends.
 * The lock file shows the server's pid. Does not work across hosts that share a network file system without locks.
 */
import { ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { flock } from '../libc/calls.js';
import { LOCK_EXCLUSIVE_NOW } from '../libc/flags.js';

/** File in `meta/` that is locked and holds the server's pid. */
const LOCK_FILE = 'server.pid';

/**
 * Takes the lock for the rest of the process's life.
 * @throws LogaggError LOGAGG_ROOT when another server holds it
 */
export function lockRoot(root: string): void {
  const path = join(cachePaths(root).meta, LOCK_FILE);
  const fd = openSync(path, 'a+', 0o600);
  if (flock(fd, LOCK_EXCLUSIVE_NOW) < 0) {
    const pid = readFileSync(path, 'utf8').trim();
    throw new LogaggError('LOGAGG_ROOT', `root=${root} is in use by another mount (server process ${pid})`);
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`);
}
