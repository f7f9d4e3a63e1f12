/**
 * Who asks for an operation.
 *
 * Guarantees: one object, refilled for each request. Files are created under the caller's umask, which the kernel of the
 * mirror's file system applies itself (it must not where a default ACL replaces it, so we can't do it beforehand).
 */
import { umask, unshare } from '../libc/calls.js';
import { CLONE_FS } from '../libc/flags.js';

export class Caller {
  uid = 0;
  gid = 0;
  /** Thread id of the caller as the mount's pid namespace numbers it; 0 for the kernel's own work. */
  pid = 0;

  private currentUmask = -1;

  /**
   * Gives the calling thread a umask of its own. Without this a change would reach every thread of the process, and with
   * it the modes of our own log.
   */
  static separateThread(): void {
    if (unshare(CLONE_FS) < 0) throw new Error('unshare(CLONE_FS) failed: the server needs CAP_SYS_ADMIN');
  }

  /** Makes `mask` the umask of the thread; a system call only when it differs from the last one. */
  assumeUmask(mask: number): void {
    if (mask === this.currentUmask) return;
    umask(mask);
    this.currentUmask = mask;
  }
}
