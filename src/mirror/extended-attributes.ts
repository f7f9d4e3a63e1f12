/**
 * Extended attributes, among them POSIX ACLs (`system.posix_acl_*`).
 *
 * Guarantees: all name spaces pass unchanged; the kernel has checked who may use which. Works through /proc/self/fd, so on
 * the inode itself, also where that is a symbolic link or something that can't be opened.
 */
import { chmod, getxattr, listxattr, orErrno, removexattr, setxattr } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { S_ISGID } from '../libc/flags.js';
import { crashAt } from '../recovery/crash-point.js';
import type { Mirror } from './mirror.js';
import type { Node } from './node.js';

export class ExtendedAttributes {
  constructor(private readonly mirror: Mirror) {}

  /** @returns length of the value, of which at most `size` bytes were stored (0: none), or a negated errno */
  get(node: Node, name: number, value: number, size: number): number {
    return this.on(node, (path) => getxattr(path, name, value, size));
  }

  /** @returns length of the list of names, of which at most `size` bytes were stored (0: none), or a negated errno */
  list(node: Node, names: number, size: number): number {
    return this.on(node, (path) => listxattr(path, names, size));
  }

  /**
   * @param flags - XATTR_CREATE or XATTR_REPLACE
   * @param clearSetGid - setting an ACL changes the mode, and the caller is not in the file's group
   */
  set(node: Node, name: number, value: number, size: number, flags: number, clearSetGid: boolean): number {
    let result = this.on(node, (path) => setxattr(path, name, value, size, flags));
    crashAt?.('attribute-changed');
    // An earlier server has made it for the same request.
    if (result === -Errno.EEXIST && this.mirror.intents.isRedo) {
      result = this.on(node, (path) => setxattr(path, name, value, size, 0));
    }
    return result < 0 || !clearSetGid ? result : this.clearSetGid(node);
  }

  remove(node: Node, name: number): number {
    const result = this.on(node, (path) => removexattr(path, name));
    crashAt?.('attribute-changed');
    return result === -Errno.ENODATA && this.mirror.intents.isRedo ? 0 : result;
  }

  private clearSetGid(node: Node): number {
    const { nodes, status } = this.mirror;
    const failed = status.readFd(nodes.fdOf(node));
    if (failed < 0 || (status.mode & S_ISGID) === 0) return failed;
    const { mode } = status;
    return this.on(node, (path) => chmod(path, mode & 0o7777 & ~S_ISGID));
  }

  private on(node: Node, call: (path: number) => number): number {
    const fd = this.mirror.nodes.fdOf(node);
    return fd < 0 ? fd : orErrno(call(this.mirror.procPath(fd)));
  }
}
