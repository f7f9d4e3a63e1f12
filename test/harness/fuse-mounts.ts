/**
 * FUSE mounts of this host, and how to end one that does not answer.
 *
 * Guarantees: never touches a mounted file, so that nothing here can wait for a server that hangs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** One line of /proc/self/mountinfo. */
export interface FuseMount {
  readonly mountpoint: string;
  readonly type: string;
  readonly source: string;
  /** Name of the connection's folder in /sys/fs/fuse/connections. */
  readonly connection: string;
}

const unescapeOctal = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** All FUSE mounts, oldest first. */
export function fuseMounts(): FuseMount[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , device = '', , mountpoint = ''] = before.split(' ');
      const [type = '', source = ''] = after.split(' ');
      if (type !== 'fuse' && !type.startsWith('fuse.')) return [];
      return [
        {
          mountpoint: unescapeOctal(mountpoint),
          type,
          source: unescapeOctal(source),
          connection: device.split(':')[1] ?? '',
        },
      ];
    });
}

/** The FUSE mount that covers exactly this folder, if there is one. */
export function fuseMountAt(mountpoint: string): FuseMount | undefined {
  return fuseMounts().findLast((mount) => mount.mountpoint === mountpoint);
}

/** Ends every request that waits on a mount with an error, and takes the mount away. */
export function abortAndDetach(mount: FuseMount): void {
  try {
    writeFileSync(`/sys/fs/fuse/connections/${mount.connection}/abort`, '1');
  } catch {
    // The control file system is not mounted, or the connection has just ended.
  }
  spawnSync('umount', ['-l', '-c', mount.mountpoint], { timeout: 10_000, stdio: 'ignore' });
}
