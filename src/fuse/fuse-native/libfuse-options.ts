/**
 * The option string that libfuse 2 is given.
 *
 * Guarantees: pure. The user's text (the name of the source) can't bring in options: commas and backslashes are escaped.
 * Permissions are always the kernel's (`default_permissions`).
 */
import { LogaggError } from '../../config/errors.js';
import type { KernelFlags } from '../../config/mount-options.js';

/** The addon copies the string into a buffer of so many bytes, and cuts what is longer. */
const ADDON_LIMIT = 1023;

/** Who mounts. */
export interface Mounter {
  /** Mounts by itself; without it, setuid fusermount mounts. */
  readonly isPrivileged: boolean;
  /** Other users may be let in: the mounter is privileged, or /etc/fuse.conf says `user_allow_other`. */
  readonly mayAllowOther: boolean;
}

const flagNames: Readonly<Partial<Record<keyof KernelFlags, string>>> = {
  readOnly: 'ro',
  noExec: 'noexec',
  noAtime: 'noatime',
  synchronous: 'sync',
  dirSync: 'dirsync',
  // libfuse 2 does not know nodiratime. It is a matter of speed alone, and the mirror's own mount decides.
};

/** @throws LogaggError LOGAGG_OPTION_VALUE when the name of the source is too long */
export function libfuseOptions(source: string, subtype: string, flags: KernelFlags, mounter: Mounter): string {
  const options = [
    'default_permissions',
    // Over a directory with files in it: what a log directory is.
    'nonempty',
    // Inode numbers of the mirror, instead of libfuse's own.
    'use_ino',
    // Writes of 128 KiB instead of 4 KiB.
    'big_writes',
    // Names are nodes to libfuse 2: with two names for one inode the kernel would trust the attributes of the one after
    // a change through the other.
    'attr_timeout=0',
    ...(mounter.mayAllowOther ? ['allow_other'] : []),
    ...kernelOptions(flags, mounter),
    `fsname=${escapeValue(source)}`,
    `subtype=${subtype}`,
  ];
  const text = `-o${options.join(',')}`;
  if (Buffer.byteLength(text) <= ADDON_LIMIT) return text;
  throw new LogaggError('LOGAGG_OPTION_VALUE', 'the name of the source (fsname=) is too long for engine=fuse-native');
}

function kernelOptions(flags: KernelFlags, { isPrivileged }: Mounter): string[] {
  const named = Object.entries(flagNames).flatMap(([flag, name]) => (flags[flag as keyof KernelFlags] ? [name] : []));
  // libfuse mounts without device files and set-id programs unless told otherwise, which is for the privileged.
  if (!isPrivileged) return named;
  return [...named, flags.noDev ? 'nodev' : 'dev', flags.noSuid ? 'nosuid' : 'suid'];
}

function escapeValue(value: string): string {
  return value.replace(/[\\,]/g, '\\$&');
}
