/**
 * Attaching `/dev/fuse` to a mountpoint, and detaching it, without libfuse.
 *
 * Guarantees: the kernel gets options that we composed, never text of the user's. Permissions are always the kernel's
 * (`default_permissions`). Whoever holds the device's descriptor holds the mount.
 *
 * Options: the kernel's Documentation/filesystems/fuse/fuse.rst, "Mount options".
 */
import { constants, openSync } from 'node:fs';
import { LogaggError } from '../config/errors.js';
import { FILE_SYSTEM_TYPE } from '../config/file-system-type.js';
import type { KernelFlags, MountOptions } from '../config/mount-options.js';
import { lastErrno, mount, umountSlow } from '../libc/calls.js';
import { Errno, errnoName } from '../libc/errno.js';
import { MNT_DETACH } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { MAX_WRITE } from './negotiation.js';

const DEVICE = '/dev/fuse';

/** `MS_*` of mount(2). */
const mountFlags: Readonly<Record<keyof KernelFlags, number>> = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  synchronous: 16,
  dirSync: 128,
  noAtime: 1024,
  noDirAtime: 2048,
};

/**
 * Opens the FUSE device, non-blocking.
 * @throws LogaggError LOGAGG_UNSUPPORTED with what to do
 */
export function openDevice(): number {
  try {
    return openSync(DEVICE, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const advice =
      code === 'ENOENT' ? 'load the kernel module: modprobe fuse' : code === 'EACCES' ? 'run as root' : `${error}`;
    throw new LogaggError('LOGAGG_UNSUPPORTED', `${DEVICE} can't be opened: ${advice}`, { cause: error });
  }
}

/**
 * Mounts the device. Requests begin to arrive on it at once.
 * @throws LogaggError LOGAGG_MOUNT_FAILED or LOGAGG_UNSUPPORTED
 */
export function mountDevice(deviceFd: number, options: MountOptions): void {
  const strings = new MemoryRegion(32 * 1024);
  const encode = (offset: number, text: string): number => {
    strings.bytes.write(`${text}\0`, offset);
    return strings.address + offset;
  };
  const data = [
    `fd=${deviceFd}`,
    'rootmode=40000',
    'user_id=0',
    'group_id=0',
    'allow_other',
    'default_permissions',
    // On hosts with pages of 16 or 64 KiB the agreed number of pages would be more than our buffers hold.
    `max_read=${MAX_WRITE}`,
  ].join();
  const result = mount(
    encode(0, options.source),
    encode(8192, options.mountpoint),
    encode(16384, FILE_SYSTEM_TYPE),
    flagBits(options.kernelFlags),
    encode(24576, data),
  );
  if (result < 0) throw mountError(options.mountpoint, lastErrno());
}

function flagBits(flags: KernelFlags): number {
  let bits = 0;
  for (const [name, bit] of Object.entries(mountFlags)) if (flags[name as keyof KernelFlags]) bits |= bit;
  return bits;
}

function mountError(mountpoint: string, errno: number): LogaggError {
  if (errno === Errno.EPERM) {
    return new LogaggError(
      'LOGAGG_UNSUPPORTED',
      `mounting ${mountpoint} is not permitted: run as root (CAP_SYS_ADMIN)`,
    );
  }
  if (errno === Errno.ENODEV) {
    return new LogaggError('LOGAGG_UNSUPPORTED', 'this kernel has no FUSE: load the module with modprobe fuse');
  }
  return new LogaggError('LOGAGG_MOUNT_FAILED', `mounting ${mountpoint} failed: ${errnoName(errno)}`);
}

/**
 * Unmounts, off the calling thread: the kernel may have requests to make first.
 * @param lazily - detach although somebody uses it; they keep what they have open
 * @returns 0 or a negated errno (-EBUSY: in use)
 */
export function unmount(mountpoint: string, lazily: boolean): Promise<number> {
  const path = new MemoryRegion(8192);
  path.bytes.write(`${mountpoint}\0`);
  return new Promise((resolve) => umountSlow(path.address, lazily ? MNT_DETACH : 0, resolve));
}
