/**
 * `-o inplace`: the real files stay where they are. `<root>/mirror` becomes a bind mount of the directory underneath the
 * mountpoint, so that nothing is copied, and a host without us has its logs in their usual place.
 *
 * Guarantees: the bind mount is made before our mount covers the directory, and is private: our mount would otherwise appear
 * in the mirror too, which is in the same peer group (mount_namespaces(7), "Shared subtrees"). What is mounted below the
 * directory is shown as well. A bind mount that an earlier server left is replaced; anything else on the mirror, or in it, is
 * refused. Never looks at a mountpoint that we cover. After SIGKILL the bind mount stays, harmless, until the next mount.
 */
import { openSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import type { MountOptions } from '../config/mount-options.js';
import { Capability, hasCapability } from '../fuse/fuse-native/mounter.js';
import { mountsAt } from '../fuse/mount-table.js';
import { lastErrno, mount, umount } from '../libc/calls.js';
import { errnoName } from '../libc/errno.js';
import { MNT_DETACH, MS_BIND, MS_PRIVATE, MS_REC } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { isOurs, resolveMountpoint } from './mountpoint.js';

/** More than anybody stacks by accident. */
const stackLimit = 100;

/** What in-place mounts need to know of the options. */
export type InPlaceOptions = Pick<MountOptions, 'root' | 'mountpoint' | 'inPlace'>;

/**
 * Refuses what {@link openMirror} would, and changes nothing.
 * @throws LogaggError LOGAGG_ROOT, LOGAGG_UNSUPPORTED
 */
export function checkInPlace({ root, mountpoint: given, inPlace }: InPlaceOptions): void {
  if (!inPlace) return;
  if (!hasCapability(Capability.sysAdmin)) {
    throw new LogaggError('LOGAGG_UNSUPPORTED', 'inplace needs a bind mount: run as root (CAP_SYS_ADMIN)');
  }
  const { mirror } = cachePaths(root);
  if (statSync(mirror, { throwIfNoEntry: false }) === undefined) return;
  if (mountsAt(realpathSync(mirror)).length === 0) refuseContents(mirror, given);
  else refuseForeignMount(mirror, resolveMountpoint(given));
}

/**
 * The mirror's directory, open for reading; with `inplace` bound to the directory underneath the mountpoint. To be called by
 * whoever holds the lock of the log cache, before it mounts. A server that takes over a mount keeps the bind mount it finds.
 * @throws LogaggError LOGAGG_ROOT, LOGAGG_MOUNT_FAILED or LOGAGG_UNSUPPORTED
 */
export function openMirror(options: InPlaceOptions): number {
  const { mirror } = cachePaths(options.root);
  if (!options.inPlace) return openSync(mirror, 'r');
  const mountpoint = resolveMountpoint(options.mountpoint);
  const real = realpathSync(mirror);
  if (isCovered(mountpoint)) {
    if (mountsAt(real).length > 0) return openSync(mirror, 'r');
    throw new LogaggError(
      'LOGAGG_ROOT',
      `${mirror} has lost its bind mount of ${mountpoint}: unmount, and mount again`,
    );
  }
  checkInPlace(options);
  removeBindMounts(real);
  refuseContents(mirror, mountpoint);
  bind(mountpoint, real);
  return openSync(mirror, 'r');
}

/** Takes the bind mount away, unless the mount is still there for another server. Who has files open keeps them. */
export function releaseMirror({ root, mountpoint, inPlace }: InPlaceOptions): void {
  if (!inPlace || isCovered(resolveMountpoint(mountpoint))) return;
  removeBindMounts(realpathSync(cachePaths(root).mirror));
}

function isCovered(mountpoint: string): boolean {
  const top = mountsAt(mountpoint).at(-1);
  return top !== undefined && isOurs(top);
}

function refuseContents(mirror: string, mountpoint: string): void {
  if (readdirSync(mirror).length === 0) return;
  throw new LogaggError(
    'LOGAGG_ROOT',
    `inplace needs an empty ${mirror}: the real files stay in ${mountpoint}. Move what it holds there, or mount without inplace`,
  );
}

function refuseForeignMount(mirror: string, mountpoint: string): void {
  // Covered: by a server that lives, which the lock of the log cache tells, or by a stale mount, which goes first.
  if (isCovered(mountpoint)) return;
  const [bound, underneath] = [mirror, mountpoint].map((path) => statSync(path, { bigint: true }));
  if (bound?.dev === underneath?.dev && bound?.ino === underneath?.ino) return;
  throw new LogaggError(
    'LOGAGG_ROOT',
    `${mirror} is a mount of something else than ${mountpoint}: unmount it first, umount ${mirror}`,
  );
}

function removeBindMounts(mirror: string): void {
  const path = textAt(mirror);
  for (let removed = 0; removed < stackLimit && mountsAt(mirror).length > 0; removed++) {
    if (umount(path.address, MNT_DETACH) < 0) throw mountError(mirror, `can't be unmounted: ${errnoName(lastErrno())}`);
  }
}

function bind(mountpoint: string, mirror: string): void {
  const [source, target, none] = [textAt(mountpoint), textAt(mirror), textAt('')];
  if (mount(source.address, target.address, none.address, MS_BIND | MS_REC, 0) < 0) {
    throw mountError(mirror, `can't become a bind mount of ${mountpoint}: ${errnoName(lastErrno())}`);
  }
  if (mount(none.address, target.address, none.address, MS_PRIVATE | MS_REC, 0) < 0) {
    const reason = errnoName(lastErrno());
    umount(target.address, MNT_DETACH);
    throw mountError(mirror, `can't be made a private mount: ${reason}`);
  }
}

function textAt(text: string): MemoryRegion {
  const region = new MemoryRegion(8192);
  region.bytes.write(`${text}\0`);
  return region;
}

function mountError(mirror: string, reason: string): LogaggError {
  return new LogaggError('LOGAGG_MOUNT_FAILED', `${mirror} ${reason}`);
}
