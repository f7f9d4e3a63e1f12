/**
 * Mounting through fuse-native, and unmounting past it.
 *
 * The package's own mount refuses a mountpoint that is a file system of its own and lets options through unescaped; its own
 * unmount is always lazy, runs a shell, and needs fusermount even for root. So its inner steps are done here.
 *
 * Guarantees: what libfuse or fusermount say on standard error becomes the error's message.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import type Fuse from 'fuse-native';
import { LogaggError } from '../../config/errors.js';
import { findHostTool } from '../../config/host-tool.js';
import { dup, fcntl } from '../../libc/calls.js';
import { Errno } from '../../libc/errno.js';
import { emptyString } from '../../libc/memory.js';
import { mountsAt } from '../mount-table.js';
import { unmount } from '../mounting.js';
import { dup2, memfdCreate } from './native-calls.js';
import type { FuseNativePackage } from './package-loader.js';

const DEVICE = '/dev/fuse';
const STDERR = 2;
const F_DUPFD_CLOEXEC = 1030;
const MFD_CLOEXEC = 1;

/** The addon copies the mountpoint into a buffer of so many bytes. */
const MOUNTPOINT_LIMIT = 1023;

/** Longest message of libfuse that is passed on. */
const MESSAGE_SIZE = 4096;

/**
 * Mounts.
 * @param onServing - called once the kernel has sent its first request
 * @returns a descriptor of the connection that is ours; it tells when the mount has ended
 * @throws LogaggError LOGAGG_MOUNT_FAILED or LOGAGG_UNSUPPORTED
 */
export function mountNative(
  fuse: Fuse,
  { binding }: FuseNativePackage,
  mount: { readonly mountpoint: string; readonly options: string },
  onServing: () => void,
): number {
  const { mountpoint, options } = mount;
  if (Buffer.byteLength(mountpoint) > MOUNTPOINT_LIMIT) {
    throw new LogaggError(
      'LOGAGG_UNSUPPORTED',
      `the mountpoint's path is too long for engine=fuse-native: ${mountpoint}`,
    );
  }
  const before = openDevices();
  let refused: Error | null = null;
  fuse._open = (done): void => {
    fuse._thread = Buffer.alloc(binding.sizeof_fuse_thread_t);
    fuse._openCallback = done;
    binding.fuse_native_mount(
      mountpoint,
      options,
      fuse._thread,
      fuse,
      fuse._malloc,
      fuse._handlers,
      fuse._getImplementedArray(),
    );
  };
  const said = stderrOf(() => {
    try {
      fuse.mount(onServing);
    } catch (error) {
      refused = error instanceof Error ? error : new Error(String(error));
    }
  });
  if (refused !== null) throw mountError(mountpoint, said, refused);
  const connection = openDevices().find((fd) => !before.includes(fd));
  if (connection === undefined) throw mountError(mountpoint, said, new Error('libfuse has no connection'));
  return fcntl(connection, F_DUPFD_CLOEXEC, 0);
}

/** The mount that was just made, told from others at the same place. */
export class OwnMount {
  private readonly id: number | undefined;

  /** @param mountpoint - its real path, found before it led to ourselves */
  constructor(readonly mountpoint: string) {
    this.id = mountsAt(mountpoint).at(-1)?.id;
  }

  /** Whether an unmount at its path takes it away, and nobody else's. */
  get isOnTop(): boolean {
    return mountsAt(this.mountpoint).at(-1)?.id === this.id;
  }
}

/** Descriptors of this process that are connections to FUSE mounts. */
function openDevices(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === DEVICE;
      } catch {
        return false; // the descriptor that the folder itself was read through
      }
    });
}

/** What is written to standard error meanwhile, by us or by a child. */
function stderrOf(action: () => void): string {
  const file = memfdCreate(emptyString, MFD_CLOEXEC);
  const original = dup(STDERR);
  dup2(file, STDERR);
  try {
    action();
  } finally {
    dup2(original, STDERR);
    closeSync(original);
  }
  const text = Buffer.alloc(MESSAGE_SIZE);
  const length = readSync(file, text, 0, MESSAGE_SIZE, 0);
  closeSync(file);
  return text.toString('utf8', 0, length);
}

function mountError(mountpoint: string, said: string, cause: Error): LogaggError {
  const reason =
    said
      .trim()
      .split('\n')[0]
      ?.replace(/^(fuse|fusermount3?): /, '') || cause.message;
  if (/failed to exec fusermount/.test(said)) {
    const advice = 'mounting without root needs fusermount: apt install fuse3 (Debian, Ubuntu)';
    return new LogaggError('LOGAGG_UNSUPPORTED', advice, { cause });
  }
  if (/\/dev\/fuse: Permission denied/.test(said)) {
    const advice = `${DEVICE} is closed to this user: have it made accessible, chmod 666 ${DEVICE}`;
    return new LogaggError('LOGAGG_UNSUPPORTED', advice, { cause });
  }
  return new LogaggError('LOGAGG_MOUNT_FAILED', `mounting ${mountpoint} through libfuse failed: ${reason}`, { cause });
}

/** Unmounts; as {@link unmount} of the kernel engine, but through fusermount for those who need it. */
export async function unmountNative(mountpoint: string, lazily: boolean, isPrivileged: boolean): Promise<number> {
  if (isPrivileged) return unmount(mountpoint, lazily);
  const fusermount = findHostTool('fusermount3') ?? findHostTool('fusermount');
  if (fusermount === undefined) return -Errno.ENOSYS;
  return new Promise((resolve) => {
    const child = spawn(fusermount, [lazily ? '-uz' : '-u', '--', mountpoint], { stdio: 'ignore' });
    child.once('error', () => resolve(-Errno.ENOSYS));
    // fusermount does not say why it failed in a way to rely on: a mount that is ours is refused only when it is in use.
    child.once('exit', (code) => resolve(code === 0 ? 0 : -Errno.EBUSY));
  });
}
