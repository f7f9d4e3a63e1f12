/**
 * `logagg-fs umount MOUNTPOINT`, and `umount.fuse.logagg-fs` for umount(8), which calls it where it is installed in `/sbin`.
 *
 * Guarantees: like umount(8), but a mount that is in use is refused with those who use it, by command and pid. Never
 * asks the mount itself for anything, so that one whose server hangs can be unmounted as well. Returns when the mount is gone
 * from the namespace; the server ends by itself, and with `--lazy` after the last of those who use it.
 */
import { LogaggError } from '../config/errors.js';
import { FILE_SYSTEM_TYPE } from '../config/file-system-type.js';
import { describeUsers, mountUsers } from '../daemon/mount-users.js';
import { mountsAt } from '../fuse/mount-table.js';
import { unmount } from '../fuse/mounting.js';
import { Errno, errnoName } from '../libc/errno.js';

/**
 * @param mountpoint - absolute, as the kernel lists it
 * @throws LogaggError LOGAGG_MOUNT_BUSY with who uses it
 */
export async function umount(mountpoint: string, lazily: boolean): Promise<void> {
  const top = mountsAt(mountpoint).at(-1);
  if (top === undefined || top.fsType !== FILE_SYSTEM_TYPE) {
    throw new LogaggError('LOGAGG_USAGE', `logagg-fs is not mounted on ${mountpoint}`);
  }
  const result = await unmount(mountpoint, lazily);
  if (result === 0) return;
  if (result !== -Errno.EBUSY) {
    const advice = result === -Errno.EPERM ? 'run as root' : errnoName(-result);
    throw new LogaggError('LOGAGG_MOUNT_FAILED', `${mountpoint} can't be unmounted: ${advice}`);
  }
  const users = describeUsers(mountUsers(mountpoint));
  const who = users === '' ? 'somebody that /proc does not show, such as another mount below it' : users;
  throw new LogaggError('LOGAGG_MOUNT_BUSY', `${mountpoint} is in use by ${who}: end them, or use -l to detach it now`);
}
