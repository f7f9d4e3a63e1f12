/**
 * The system calls of the capture side, on chunks and on nothing else: where tests let them fail (`src/libc/faults.ts`).
 *
 * Guarantees: the calls of `src/libc/calls.ts`, with the same results. What the mirror does never comes through here.
 */
import * as libc from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { faulty, faultySlow } from '../libc/faults.js';

export const open: typeof libc.open = faulty('open', libc.open);
export const read: typeof libc.read = faulty('read', libc.read);
export const write: typeof libc.write = faulty('write', libc.write);
export const statx: typeof libc.statx = faulty('statx', libc.statx);
export const fchmod: typeof libc.fchmod = faulty('fchmod', libc.fchmod);
export const fchown: typeof libc.fchown = faulty('fchown', libc.fchown);
export const dup: typeof libc.dup = faulty('dup', libc.dup);
export const unlinkat: typeof libc.unlinkat = faulty('unlinkat', libc.unlinkat);
export const fsyncSlow: typeof libc.fsyncSlow = faultySlow('fsync', libc.fsyncSlow);
export const syncfsSlow: typeof libc.syncfsSlow = faultySlow('syncfs', libc.syncfsSlow);

/** Repeats a call that a signal interrupted. */
export function uninterrupted(call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0 || libc.lastErrno() !== Errno.EINTR) return result;
  }
}
