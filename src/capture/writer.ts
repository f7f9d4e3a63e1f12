/**
 * Who writes, as the kernel says with each request.
 *
 * Does not resolve anything: `pid` is a thread id, in the pid namespace of the mount.
 */

/** The writer of some bytes; all numbers are unsigned 32-bit. */
export interface Writer {
  /** Thread id; 0 for one outside of the mount's pid namespace; {@link NOBODY} where the writer is not known. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** No uid, gid or pid that can be: the kernel uses this number for "none" (`(uid_t) -1`). */
export const NOBODY = 0xffffffff;

/** Bytes of which only the time is known. */
export const unknownWriter: Writer = { pid: NOBODY, uid: NOBODY, gid: NOBODY };
