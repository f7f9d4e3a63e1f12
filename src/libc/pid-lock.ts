/**
 * A lock that one process at a time can hold: a file that is locked and tells who has it.
 *
 * Guarantees: the lock ends with its process, however that ends. Does not work across hosts that share a network file
 * system without locks.
 */
import { ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { flock } from './calls.js';
import { LOCK_EXCLUSIVE_NOW } from './flags.js';

/**
 * Takes the lock for the rest of the process's life.
 *
 * @returns undefined when it is ours; otherwise what the file tells: the holder's process id
 * @throws Node's errors when the file can't be made
 */
export function takePidLock(path: string): string | undefined {
  const fd = openSync(path, 'a+', 0o600);
  if (flock(fd, LOCK_EXCLUSIVE_NOW) < 0) return readFileSync(path, 'utf8').trim();
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`);
  } catch {
    // The lock holds; on a full disk it can't tell whose it is.
  }
  return undefined;
}
