/**
 * One collector for each log cache.
 *
 * Guarantees: while a collector lives no second one drains the same root. `meta/collector.pid` shows the collector's pid.
 * Does not keep out collectors that know nothing of it.
 */
import { join } from 'node:path';
import { LogaggError } from '../config/errors.js';
import { takePidLock } from '../libc/pid-lock.js';

const LOCK_FILE = 'collector.pid';

/**
 * Takes the lock for the rest of the process's life.
 *
 * @param meta - `<root>/meta`
 * @throws LogaggError LOGAGG_ALREADY_COLLECTED when another collector holds it; Node's errors when the file can't be made
 */
export function lockCollector(root: string, meta: string): void {
  const holder = takePidLock(join(meta, LOCK_FILE));
  if (holder === undefined) return;
  const message = `${root} is drained by another collector already (process ${holder}); end it first`;
  throw new LogaggError('LOGAGG_ALREADY_COLLECTED', message);
}
