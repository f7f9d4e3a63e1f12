/**
 * What is known about an inode: status, mode, owner, size, times; and the file system's own figures.
 *
 * Guarantees: works by descriptor, so on the inode itself, never on what a symbolic link points at. Times keep their
 * nanoseconds. Leaves the new status in `mirror.status`.
 */
import { chmod, fchownat, fstatfs, ftruncate, orErrno, truncate, utimensat } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { AT_EMPTY_PATH, S_ISGID, S_ISUID, S_IXGRP } from '../libc/flags.js';
import { emptyString, MemoryRegion } from '../libc/memory.js';
import { withoutSetIdPrivilege } from './capabilities.js';
import type { Mirror } from './mirror.js';
import type { Node } from './node.js';

/** `tv_nsec` values of utimensat(2). */
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;

/** A change of attributes; what is undefined stays. */
export interface AttributeChange {
  size: bigint | undefined;
  /** Descriptor of the handle that the size is changed through, or -1. */
  sizeFd: number;
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  /** The caller may not keep set-id bits through this change of size. */
  clearSetId: boolean;
  /** Whether {@link Metadata.times} is to be applied. */
  hasTimes: boolean;
}

const UNCHANGED = 0xffffffff;

export class Metadata {
  /** Two `struct timespec`, atime and mtime: i64 seconds, i64 nanoseconds each. Filled before {@link setattr}. */
  readonly times = new MemoryRegion(32);

  constructor(private readonly mirror: Mirror) {}

  /** @returns 0 with `mirror.status` filled, or a negated errno */
  getattr(node: Node): number {
    const fd = this.mirror.nodes.fdOf(node);
    return fd < 0 ? fd : this.mirror.status.readFd(fd);
  }

  /**
   * Applies the changes in the order in which none undoes another: chown clears set-id bits that chmod may set, and a new
   * size changes the times.
   * @returns 0 with `mirror.status` filled, or a negated errno
   */
  setattr(node: Node, change: AttributeChange): number {
    const fd = this.mirror.nodes.fdOf(node);
    if (fd < 0) return fd;
    let result = 0;
    if (change.size !== undefined) result = this.setSize(fd, change);
    if (result >= 0 && (change.uid !== undefined || change.gid !== undefined)) {
      const { uid = UNCHANGED, gid = UNCHANGED } = change;
      result = orErrno(fchownat(fd, emptyString, uid, gid, AT_EMPTY_PATH));
    }
    if (result >= 0 && change.mode !== undefined) {
      if ((change.mode & (S_ISUID | S_ISGID)) !== 0) this.mirror.handles.addSetId(node);
      result = this.setMode(fd, change.mode);
    }
    if (result >= 0 && change.hasTimes) {
      result = orErrno(utimensat(fd, emptyString, this.times.address, AT_EMPTY_PATH));
    }
    return result < 0 ? result : this.mirror.status.readFd(fd);
  }

  /**
   * Takes the set-id bits away that the caller may not keep when a file's contents change, where no system call does it on
   * his behalf. @returns whether there were any
   */
  clearSetId(node: Node): boolean {
    const { nodes, status, caller } = this.mirror;
    const fd = nodes.fdOf(node);
    if (!node.mayHaveSetId || fd < 0 || status.readFd(fd) < 0) return false;
    const { mode, gid } = status;
    const member = caller.gid === gid && (mode & S_IXGRP) === 0;
    const kept = mode & 0o7777 & ~(member ? S_ISUID : S_ISUID | S_ISGID);
    node.mayHaveSetId = member && (mode & S_ISGID) !== 0;
    return kept !== (mode & 0o7777) && chmod(this.mirror.procPath(fd), kept) === 0;
  }

  /** Fills `region` with `struct statfs` of the mirror's file system. @returns 0 or a negated errno */
  statfs(region: MemoryRegion): number {
    return orErrno(fstatfs(this.mirror.rootFd, region.address));
  }

  private setSize(fd: number, { size = 0n, sizeFd, clearSetId }: AttributeChange): number {
    const change = (): number => (sizeFd >= 0 ? ftruncate(sizeFd, size) : truncate(this.mirror.procPath(fd), size));
    return orErrno(clearSetId ? withoutSetIdPrivilege(this.mirror.caller.gid, change) : change());
  }

  private setMode(fd: number, mode: number): number {
    // A symbolic link has no mode to change, and /proc/self/fd of one refuses with ELOOP where chmod(2) has EOPNOTSUPP.
    const failed = this.mirror.status.readFd(fd);
    if (failed < 0) return failed;
    if (this.mirror.status.isSymlink) return -Errno.EOPNOTSUPP;
    return orErrno(chmod(this.mirror.procPath(fd), mode & 0o7777));
  }
}
