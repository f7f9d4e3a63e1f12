/**
 * Names: looking up, creating, linking, renaming, removing entries of directories.
 *
 * Guarantees: a new entry belongs to the caller, under the caller's umask, in the group that a set-group-id directory
 * demands. Each operation is one change of the mirror, atomic where the mirror's file system is. The node table knows every
 * change of a name before the reply is sent. What an earlier server did of the same request before it died is not done again,
 * nor reported as an error (see `src/recovery/intents.ts`). Permissions are not checked here: the kernel did (`default_permissions`).
 */
import {
  chmod,
  close,
  fchownat,
  linkat,
  mkdirat,
  mknodat,
  orErrno,
  readlinkat,
  renameat2,
  symlinkat,
  unlinkat,
} from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  O_PATH,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_ISGID,
  S_ISUID,
} from '../libc/flags.js';
import { emptyString, type MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import type { EntryName } from './entry-name.js';
import type { Mirror } from './mirror.js';
import type { Node } from './node.js';

/** `chown` leaves this id alone. */
const UNCHANGED = 0xffffffff;

const RENAME_EXCHANGE = 2;
/** Leaves a device 0:0 in the old place: a new entry like any other. */
const RENAME_WHITEOUT = 4;

export class Entries {
  constructor(private readonly mirror: Mirror) {}

  /** @returns the entry's node, with one more lookup, or a negated errno */
  lookup(parent: Node, name: EntryName): Node | number {
    return this.mirror.resolveEntry(parent, name);
  }

  /** @param device - `dev_t` as libc's makedev(3) makes it */
  mknod(parent: Node, name: EntryName, mode: number, device: number, umask: number): Node | number {
    const type = mode & S_IFMT || S_IFREG;
    return this.make(parent, name, umask, type, (directory) => mknodat(directory, name.address, mode, device));
  }

  mkdir(parent: Node, name: EntryName, mode: number, umask: number): Node | number {
    return this.make(parent, name, umask, S_IFDIR, (directory) => mkdirat(directory, name.address, mode));
  }

  /** @param target - address of the NUL-terminated text, stored as it is */
  symlink(parent: Node, name: EntryName, target: number): Node | number {
    return this.make(parent, name, 0, S_IFLNK, (directory) => symlinkat(target, directory, name.address));
  }

  link(node: Node, parent: Node, name: EntryName): Node | number {
    const { nodes } = this.mirror;
    const from = nodes.fdOf(node);
    const directory = nodes.fdOf(parent);
    if (from < 0 || directory < 0) return Math.min(from, directory);
    // AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH, as open_by_handle_at(2) does.
    const made = orErrno(linkat(from, emptyString, directory, name.address, AT_EMPTY_PATH));
    crashAt?.('made');
    if (made === -Errno.EEXIST && this.isMadeLink(node, directory, name)) return this.mirror.resolveEntry(parent, name);
    return made < 0 ? made : this.mirror.resolveEntry(parent, name);
  }

  /** Whether an earlier server has made this link for the same request. */
  private isMadeLink(node: Node, directory: number, name: EntryName): boolean {
    return this.mirror.intents.isRedo && this.knownNode(directory, name) === node;
  }

  /** Reads a symbolic link's target into `region` at `offset`. @returns its length or a negated errno */
  readlink(node: Node, region: MemoryRegion, offset: number, size: number): number {
    const fd = this.mirror.nodes.fdOf(node);
    return fd < 0 ? fd : orErrno(readlinkat(fd, emptyString, region.address + offset, size));
  }

  unlink(parent: Node, name: EntryName): number {
    return this.remove(parent, name, 0);
  }

  rmdir(parent: Node, name: EntryName): number {
    return this.remove(parent, name, AT_REMOVEDIR);
  }

  /** @param flags - RENAME_NOREPLACE, RENAME_EXCHANGE or RENAME_WHITEOUT of rename(2) */
  rename(from: Node, name: EntryName, to: Node, newName: EntryName, flags: number): number {
    const { nodes } = this.mirror;
    const fromFd = nodes.fdOf(from);
    const toFd = nodes.fdOf(to);
    if (fromFd < 0 || toFd < 0) return Math.min(fromFd, toFd);
    if (this.isRenamed(fromFd, name)) return this.finishRename(from, name, to, newName, flags);
    const moved = this.knownNode(fromFd, name);
    const { inoLow, inoHigh } = this.mirror.status.inode;
    const replaced = this.knownNode(toFd, newName);
    if (replaced !== undefined) nodes.holdOpen(replaced);
    const keepsNames = this.hasMoreNames;
    this.mirror.intents.noteEntry(inoLow, inoHigh, moved, replaced);
    const result = orErrno(renameat2(fromFd, name.address, toFd, newName.address, flags));
    crashAt?.('renamed');
    const exchanged = (flags & RENAME_EXCHANGE) !== 0;
    if (replaced !== undefined && (result < 0 || exchanged || keepsNames)) nodes.letGo(replaced);
    // rename(2) does nothing when both names are the same inode: both stay.
    if (result < 0 || (moved !== undefined && moved === replaced)) return result;
    return this.moveLinks(from, name, to, newName, flags, moved, replaced);
  }

  /** The node table follows a rename that is done. */
  private moveLinks(
    from: Node,
    name: EntryName,
    to: Node,
    newName: EntryName,
    flags: number,
    moved: Node | undefined,
    replaced: Node | undefined,
  ): number {
    moved?.removeLink(from, name.text);
    replaced?.removeLink(to, newName.text);
    moved?.addLink(to, newName.text);
    if ((flags & RENAME_EXCHANGE) !== 0) replaced?.addLink(from, name.text);
    if ((flags & RENAME_WHITEOUT) === 0) return 0;
    const fromFd = this.mirror.nodes.fdOf(from);
    return fromFd < 0 ? fromFd : this.giveToCaller(fromFd, name);
  }

  /** Whether an earlier server has renamed for the same request: the name leads elsewhere than it did before. */
  private isRenamed(directory: number, name: EntryName): boolean {
    const { intents, status } = this.mirror;
    if (!intents.isRedo) return false;
    const missing = status.readEntry(directory, name.address);
    const { inoLow, inoHigh } = status.inode;
    const had = intents.hadInode(inoLow, inoHigh);
    return had !== undefined && (missing < 0 || !had);
  }

  private finishRename(from: Node, name: EntryName, to: Node, newName: EntryName, flags: number): number {
    const { intents, nodes } = this.mirror;
    const replaced = nodes.get(intents.replacedId);
    const exchanged = (flags & RENAME_EXCHANGE) !== 0;
    const result = this.moveLinks(from, name, to, newName, flags, nodes.get(intents.movedId), replaced);
    if (replaced !== undefined && !exchanged && replaced.links.length === 0) nodes.holdOpen(replaced);
    return result;
  }

  /**
   * Hands a new entry over to the caller: the server created it as root. A set-group-id directory has given it its group
   * already, which must stay. Where that fails the entry is taken back: nothing is half done.
   * @param openFd - descriptor of the entry, if it is open; otherwise it is found by its name
   * @returns 0 or a negated errno
   */
  giveToCaller(directory: number, name: EntryName, openFd = -1): number {
    const { caller, status } = this.mirror;
    if (caller.uid === 0 && caller.gid === 0) return 0;
    const failed = status.readFd(directory);
    if (failed < 0) return failed;
    const gid = (status.mode & S_ISGID) !== 0 ? UNCHANGED : caller.gid;
    const fd = openFd >= 0 ? openFd : this.mirror.openEntry(directory, name.address, O_PATH, 0);
    if (fd < 0) return fd;
    const given = this.giveInode(fd, gid);
    if (given < 0) unlinkat(directory, name.address, status.isDirectory ? AT_REMOVEDIR : 0);
    if (openFd < 0) close(fd);
    return given;
  }

  private giveInode(fd: number, gid: number): number {
    const { caller, status } = this.mirror;
    const failed = status.readFd(fd);
    if (failed < 0) return failed;
    const given = orErrno(fchownat(fd, emptyString, caller.uid, gid, AT_EMPTY_PATH));
    // chown(2) clears the set-id bits of a regular file; one that was created with them keeps them.
    const hasSetId = status.isRegular && (status.mode & (S_ISUID | S_ISGID)) !== 0;
    if (given < 0 || !hasSetId) return given;
    return orErrno(chmod(this.mirror.procPath(fd), status.mode & 0o7777));
  }

  private make(
    parent: Node,
    name: EntryName,
    umask: number,
    type: number,
    create: (directory: number) => number,
  ): Node | number {
    const directory = this.mirror.nodes.fdOf(parent);
    if (directory < 0) return directory;
    this.mirror.caller.assumeUmask(umask);
    const made = orErrno(create(directory));
    crashAt?.('made');
    if (made < 0 && !(made === -Errno.EEXIST && this.isMade(directory, name, type))) return made;
    const given = made < 0 ? this.giveIfRoots(directory, name) : this.giveToCaller(directory, name);
    crashAt?.('given');
    return given < 0 ? given : this.mirror.resolveEntry(parent, name);
  }

  /** Whether an earlier server has made this entry for the same request. */
  isMade(directory: number, name: EntryName, type: number): boolean {
    const { intents, status } = this.mirror;
    if (!intents.isRedo || status.readEntry(directory, name.address) < 0) return false;
    return (status.mode & S_IFMT) === type;
  }

  /** The same as {@link giveToCaller}, for an entry that an earlier server may have given to the caller already. */
  giveIfRoots(directory: number, name: EntryName, openFd = -1): number {
    const missing = this.mirror.status.readEntry(directory, name.address);
    if (missing < 0) return missing;
    return this.mirror.status.uid === 0 ? this.giveToCaller(directory, name, openFd) : 0;
  }

  private remove(parent: Node, name: EntryName, flags: number): number {
    const { nodes } = this.mirror;
    const directory = nodes.fdOf(parent);
    if (directory < 0) return directory;
    const node = this.knownNode(directory, name);
    if (node !== undefined) nodes.holdOpen(node);
    const keepsNames = this.hasMoreNames;
    const { intents } = this.mirror;
    if (node !== undefined) intents.noteEntry(0, 0, undefined, node);
    const result = orErrno(unlinkat(directory, name.address, flags));
    crashAt?.('removed');
    if (result === -Errno.ENOENT && intents.isRedo) return this.finishRemoval(parent, name);
    if (node === undefined) return result;
    if (result < 0 || keepsNames) nodes.letGo(node);
    if (result >= 0) node.removeLink(parent, name.text);
    return result;
  }

  /** An earlier server has removed the entry for the same request. */
  private finishRemoval(parent: Node, name: EntryName): number {
    const { intents, nodes } = this.mirror;
    const node = nodes.get(intents.replacedId);
    node?.removeLink(parent, name.text);
    if (node !== undefined && node.links.length === 0) nodes.holdOpen(node);
    return 0;
  }

  /**
   * Whether the inode that {@link knownNode} has just seen keeps a name when it loses one. Its descriptor must not be held
   * then: with hard links any user could make the server hold as many as he likes.
   */
  private get hasMoreNames(): boolean {
    const { status } = this.mirror;
    return !status.isDirectory && status.nlink > 1;
  }

  /** The node of an entry that the kernel may hold references to; undefined when there is none. */
  private knownNode(directory: number, name: EntryName): Node | undefined {
    const missing = this.mirror.status.readEntry(directory, name.address);
    return missing < 0 ? undefined : this.mirror.nodes.find(this.mirror.status);
  }
}
