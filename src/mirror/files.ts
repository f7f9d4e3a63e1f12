/**
 * Open files: opening, creating, reading, writing, releasing.
 *
 * Guarantees: what a write returns is what the mirror did, and exactly the bytes that the mirror took are handed to the
 * capture, in the order in which they were taken. O_APPEND stays on the mirror's descriptor, so appends are atomic among
 * all handles. An open file stays usable whatever becomes of its names. Read and write allocate nothing.
 *
 * Does not: cut or delay writes; capture pages that were written through a memory mapping (they are whole pages at any
 * moment, not what a program wrote).
 */
import type { StreamTable } from '../capture/stream-table.js';
import { close, fcntl, open, orErrno, pread, pwrite, unlinkat } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { FileStatus } from '../libc/file-status.js';
import {
  F_GETFL,
  F_SETFL,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOATIME,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  S_IFREG,
} from '../libc/flags.js';
import type { MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import { withoutSetIdPrivilege } from './capabilities.js';
import type { Entries } from './entries.js';
import type { EntryName } from './entry-name.js';
import type { Mirror } from './mirror.js';
import type { Node } from './node.js';
import { HandleFlag } from './open-descriptors.js';

/**
 * The open flags that reach the mirror's descriptor. O_DIRECT must not: requests are not aligned as it demands. O_SYNC
 * neither: it would stop every other request for as long as the disk takes; such writes are synced off the loop.
 */
const MIRRORED_FLAGS = O_ACCMODE | O_APPEND | O_TRUNC | O_NOATIME;

export class Files {
  /** Not the mirror's: that one holds what a reply is about to show. */
  private readonly status = new FileStatus();

  constructor(
    private readonly mirror: Mirror,
    private readonly entries: Entries,
    private readonly streams: StreamTable,
  ) {}

  /**
   * @param flags - the caller's open(2) flags, without O_CREAT and O_EXCL
   * @param clearSetId - with O_TRUNC: the caller may not keep set-id bits
   * @returns a file handle or a negated errno
   */
  open(node: Node, flags: number, clearSetId: boolean): number {
    // The kernel opens pipes, sockets and devices itself. Here a pipe would stop the server until somebody opens its end.
    if (!node.isRegular) return -Errno.ENXIO;
    if (this.mirror.handles.isFull) return -Errno.ENFILE;
    const nodeFd = this.mirror.nodes.fdOf(node);
    if (nodeFd < 0) return nodeFd;
    const refused = this.refusedBefore(flags, nodeFd);
    if (refused < 0) return refused;
    const path = this.mirror.procPath(nodeFd);
    const openIt = (): number => open(path, (flags & MIRRORED_FLAGS) | O_CLOEXEC, 0);
    const fd = orErrno(clearSetId ? withoutSetIdPrivilege(this.mirror.caller.gid, openIt) : openIt());
    if (fd < 0) return fd;
    return fd >= this.mirror.descriptorLimit ? this.closeAfter(fd, -Errno.ENFILE) : this.addHandle(node, fd, flags);
  }

  /**
   * Creates and opens in one step; opens what is there already, unless O_EXCL.
   * @returns the node, with one more lookup, and the new handle in {@link createdHandle}; or a negated errno
   */
  create(parent: Node, name: EntryName, flags: number, mode: number, umask: number): Node | number {
    if (this.mirror.handles.isFull) return -Errno.ENFILE;
    const directory = this.mirror.nodes.fdOf(parent);
    if (directory < 0) return directory;
    this.mirror.caller.assumeUmask(umask);
    const mirrored = flags & MIRRORED_FLAGS;
    // Always O_EXCL first: only what this call made may be given to the caller.
    let fd = this.mirror.openEntry(directory, name.address, mirrored | O_CREAT | O_EXCL, mode & 0o7777);
    crashAt?.('made');
    if (fd === -Errno.EEXIST) {
      const isMade = this.entries.isMade(directory, name, S_IFREG);
      if ((flags & O_EXCL) !== 0 && !isMade) return fd;
      const failed = isMade ? this.entries.giveIfRoots(directory, name) : 0;
      if (failed < 0) return failed;
      fd = this.openExisting(directory, name, mirrored);
    } else if (fd >= this.mirror.descriptorLimit) {
      unlinkat(directory, name.address, 0);
    } else if (fd >= 0) {
      const given = this.entries.giveToCaller(directory, name, fd);
      if (given < 0) return this.closeAfter(fd, given);
    }
    crashAt?.('given');
    if (fd < 0) return fd;
    if (fd >= this.mirror.descriptorLimit) return this.closeAfter(fd, -Errno.ENFILE);
    const node = this.mirror.resolveEntry(parent, name);
    if (typeof node === 'number') return this.closeAfter(fd, node);
    this.createdHandle = this.addHandle(node, fd, flags);
    return node;
  }

  /** An entry that came about behind the kernel's back. What is not a file it has to look up anew: ESTALE makes it. */
  private openExisting(directory: number, name: EntryName, flags: number): number {
    const { mirror } = this;
    const missing = mirror.status.readEntry(directory, name.address);
    if (missing < 0) return missing;
    if (!mirror.status.isRegular) return -Errno.ESTALE;
    const refused = this.refusedBefore(flags, directory);
    return refused < 0 ? refused : mirror.openEntry(directory, name.address, flags | O_NONBLOCK, 0);
  }

  /** An open that empties the file is refused before, not after. @param some - any descriptor. @returns 0 or a negated errno */
  private refusedBefore(flags: number, some: number): number {
    return (flags & O_TRUNC) === 0 ? 0 : this.mirror.tryDescriptor(some);
  }

  /** The file handle of the last successful {@link create}. */
  createdHandle = -1;

  /** @returns bytes read into `region` at `start`, or a negated errno */
  read(handle: number, region: MemoryRegion, start: number, size: number, offset: number): number {
    const fd = this.mirror.handles.fd(handle);
    return fd < 0 ? fd : orErrno(pread(fd, region.address + start, size, offset));
  }

  /** @returns bytes that the mirror took, or a negated errno */
  write(handle: number, region: MemoryRegion, start: number, size: number, offset: number): number {
    const fd = this.mirror.handles.fd(handle);
    if (fd < 0) return fd;
    const { intents } = this.mirror;
    if (intents.isRedo) return this.rewrite(handle, region, start, size, offset, fd);
    const refused = this.streams.admit(handle, size);
    if (refused < 0) return refused;
    const written = orErrno(pwrite(fd, region.address + start, size, offset));
    crashAt?.('mirrored');
    if (written > 0) {
      intents.written = written;
      crashAt?.('mirror-noted');
      this.streams.append(handle, region, start, written);
    }
    this.streams.settle();
    return written;
  }

  /** The rest of a write that an earlier server had begun. */
  private rewrite(
    handle: number,
    region: MemoryRegion,
    start: number,
    size: number,
    offset: number,
    fd: number,
  ): number {
    const { intents } = this.mirror;
    let { written } = intents;
    if (written < 0) {
      written = this.appends(handle)
        ? this.reappend(region, start, size, offset, fd)
        : orErrno(pwrite(fd, region.address + start, size, offset));
      if (written < 0) return written;
      intents.written = written;
    }
    this.captureRest(handle, region, start, written);
    return written;
  }

  /** Captures what an earlier server has not, all of it where there was none. */
  private captureRest(handle: number, region: MemoryRegion, start: number, written: number): void {
    const { captured } = this.mirror.intents;
    if (captured < written) this.streams.append(handle, region, start + captured, written - captured);
  }

  /** The kernel tells where the file ended when it sent the request, and has let nobody else write since. */
  private reappend(region: MemoryRegion, start: number, size: number, offset: number, fd: number): number {
    const { status } = this.mirror;
    const failed = status.readFd(fd);
    if (failed < 0) return failed;
    const there = Math.min(size, Math.max(0, status.size - offset));
    if (there === size) return size;
    const written = orErrno(pwrite(fd, region.address + start + there, size - there, offset + there));
    return written < 0 && there > 0 ? there : there + written;
  }

  /** A write by somebody who may not keep the file's set-id bits; the rare case costs more than {@link write}. */
  writeClearingSetId(
    handle: number,
    node: Node,
    region: MemoryRegion,
    start: number,
    size: number,
    offset: number,
  ): number {
    const { caller, handles, status } = this.mirror;
    const written = withoutSetIdPrivilege(caller.gid, () => this.write(handle, region, start, size, offset));
    // A file that its group can't execute keeps its set-group-id bit when a member writes, and loses it to the next.
    if (written > 0 && status.readFd(handles.fd(handle)) >= 0) node.mayHaveSetId = status.hasSetId;
    if (!node.mayHaveSetId) handles.dropSetId(handle);
    return written;
  }

  /** A write through a handle that was opened for appending and is no more (F_SETFL of fcntl(2)). */
  writeAtOffset(handle: number, region: MemoryRegion, start: number, size: number, offset: number): number {
    const { intents } = this.mirror;
    if (!intents.isRedo) {
      const refused = this.streams.admit(handle, size);
      if (refused < 0) return refused;
    }
    const before = intents.isRedo ? intents.written : -1;
    const written = before < 0 ? this.writePage(handle, region, start, size, offset) : before;
    if (written > 0) {
      intents.written = written;
      this.captureRest(handle, region, start, written);
    }
    this.streams.settle();
    return written;
  }

  /** Whether the handle was opened for appending. */
  appends(handle: number): boolean {
    return (this.mirror.handles.flags(handle) & HandleFlag.append) !== 0;
  }

  /**
   * A page that was written through a mapping. pwrite(2) on an O_APPEND descriptor appends whatever the offset is, so the
   * flag comes off for the moment.
   */
  writePage(handle: number, region: MemoryRegion, start: number, size: number, offset: number): number {
    const fd = this.mirror.handles.fd(handle);
    if (fd < 0) return fd;
    if (!this.appends(handle)) return orErrno(pwrite(fd, region.address + start, size, offset));
    const flags = fcntl(fd, F_GETFL, 0);
    fcntl(fd, F_SETFL, flags & ~O_APPEND);
    const written = orErrno(pwrite(fd, region.address + start, size, offset));
    fcntl(fd, F_SETFL, flags);
    return written;
  }

  /** @returns 0 or -EBADF */
  release(handle: number): number {
    if ((this.mirror.handles.flags(handle) & HandleFlag.directory) !== 0) return -Errno.EBADF;
    const fd = this.mirror.handles.fd(handle);
    if (this.mirror.handles.file(handle) === undefined) return -Errno.EBADF;
    // Before the handle is free: what the next server finds of the stream must be what handles are left.
    this.streams.release(handle);
    const file = this.mirror.handles.remove(handle);
    crashAt?.('handle-removed');
    if (file === undefined) return -Errno.EBADF;
    close(fd);
    this.mirror.nodes.releaseIfUnused(file.node);
    return 0;
  }

  private addHandle(node: Node, fd: number, flags: number): number {
    crashAt?.('opened');
    const writable = (flags & O_ACCMODE) !== O_RDONLY;
    if (writable && node.mayHaveSetId && this.status.readFd(fd) >= 0) node.mayHaveSetId = this.status.hasSetId;
    const append = (flags & O_APPEND) !== 0 ? HandleFlag.append : 0;
    const setId = node.mayHaveSetId ? HandleFlag.setId : 0;
    const { pid } = this.mirror.caller;
    const file = { node, paths: writable ? node.pathsAtOpen() : [], pid, writable };
    const { handles, intents } = this.mirror;
    intents.handle = handles.next;
    crashAt?.('handle-noted');
    const handle = handles.add(fd, append | setId, file, flags & MIRRORED_FLAGS & ~O_TRUNC);
    if (writable) {
      this.streams.attach(handle, file);
      handles.records.setSkipped(handle, this.streams.isRotation(handle));
    }
    crashAt?.('handle-added');
    return handle;
  }

  private closeAfter(fd: number, result: number): number {
    close(fd);
    return result;
  }
}
