/**
 * One collector for each log cache.
 *
 * Guarantees: while a collector lives no second one drains the same root; the lock ends with its process, however that
 * ends. The lock file shows the collector's pid. Does not keep out collectors that know nothing of it.
 */
import { ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LogaggError } from '../config/errors.js';
import { flock } from '../libc/calls.js';
import { LOCK_EXCLUSIVE_NOW } from '../libc/flags.js';

const lockFile = 'collector.pid';

/**
 * Takes the lock for the rest of the process's life.
 *
 * @param meta - `<root>/meta`
 * @throws LogaggError LOGAGG_ALREADY_COLLECTED when another collector holds it; Node's errors when the file can't be made
 */
export function lockCollector(root: string, meta: string): void {
  const path = join(meta, lockFile);
  const fd = openSync(path, 'a+', 0o600);
  if (flock(fd, LOCK_EXCLUSIVE_NOW) < 0) {
    const pid = readFileSync(path, 'utf8').trim();
    throw new LogaggError(
      'LOGAGG_ALREADY_COLLECTED',
      `${root} is drained by another collector already (process ${pid}); end it first`,
    );
  }
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`);
  } catch {
    // The lock holds; on a full disk it can't say whose it is.
  }
}
