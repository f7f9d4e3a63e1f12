/**
 * FUSE mounts of this host, and how to end one that does not answer.
 *
 * Guarantees: never touches a mounted file, so that nothing here can wait for a server that hangs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One line of /proc/self/mountinfo. */
export interface FuseMount {
  readonly mountpoint: string;
  readonly type: string;
  readonly source: string;
  /** Number of the FUSE connection, the minor number of the device. */
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

/**
 * Ends every request that waits on a mount with an error, and takes the mount away.
 *
 * A forced umount aborts the connection, also where the FUSE control file system is not mounted; a lazy one alone would
 * leave the waiting processes to wait for ever.
 */
export function abortAndDetach(mount: FuseMount): void {
  spawnSync('umount', ['--force', '--lazy', '--no-canonicalize', mount.mountpoint], {
    timeout: 10_000,
    stdio: 'ignore',
  });
}
