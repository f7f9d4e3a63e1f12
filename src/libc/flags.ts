/**
 * Flags and modes of file calls, as Linux defines them.
 *
 * Guarantees: values that differ between architectures (O_DIRECTORY, O_DIRECT, O_NOFOLLOW…) come from Node, which was
 * compiled for this one. Does not name everything: only what the mirror uses.
 */
import { constants } from 'node:fs';

export const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_DIRECT } =
  constants;
export const { O_NOATIME, O_NONBLOCK, O_SYNC, O_DSYNC } = constants;
export const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK } = constants;
export const O_ACCMODE = 0o3;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

/** Of an open file: which writes must be on disk before they are answered. */
export const SYNCHRONOUS_FLAGS: number = O_DSYNC | (O_SYNC & ~O_DIRECT);

/** Set-user-id and set-group-id. */
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
/** The group may execute. */
export const S_IXGRP = 0o010;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;

/** `openat2`: no symbolic link is followed, and the walk can't leave the directory that it began in. */
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;

export const F_GETFL = 3;
export const F_SETFL = 4;
export const CLONE_FS = 0x200;
export const LOCK_EXCLUSIVE_NOW = 2 | 4;

export const EFD_CLOEXEC = O_CLOEXEC;
export const EFD_NONBLOCK = O_NONBLOCK;

/** `umount2`: detach now, clean up when the last user has gone. */
export const MNT_DETACH = 2;
