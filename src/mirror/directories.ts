/**
 * Open directories.
 *
 * Guarantees: a directory is opened by its inode; what it holds is read as {@link DirectoryReader} says.
 */
import { close, openat, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import { type DirectoryEntry, DirectoryReader } from './directory-reader.js';
import type { Mirror } from './mirror.js';
import type { Node } from './node.js';
import { HandleFlag } from './open-descriptors.js';

export class Directories {
  private readonly reader = new DirectoryReader();
  private readonly dotName = new MemoryRegion(8).putString(0, '.');

  constructor(private readonly mirror: Mirror) {}

  /** @returns a file handle or a negated errno */
  opendir(node: Node): number {
    if (this.mirror.handles.isFull) return -Errno.ENFILE;
    const nodeFd = this.mirror.nodes.fdOf(node);
    if (nodeFd < 0) return nodeFd;
    const fd = orErrno(openat(nodeFd, this.dotName, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
    if (fd < 0) return fd;
    if (fd >= this.mirror.descriptorLimit) {
      close(fd);
      return -Errno.ENFILE;
    }
    const { caller, handles, intents } = this.mirror;
    const { pid } = caller;
    crashAt?.('opened');
    intents.handle = handles.next;
    crashAt?.('handle-noted');
    const handle = handles.add(fd, HandleFlag.directory, { node, paths: [], pid, writable: false });
    crashAt?.('handle-added');
    return handle;
  }

  /** As {@link DirectoryReader.read}. */
  read(handle: number, cookie: bigint, take: (entry: DirectoryEntry) => boolean): number {
    const fd = this.mirror.handles.fd(handle);
    return fd < 0 ? fd : this.reader.read(handle, fd, cookie, take);
  }

  /** @returns 0 or -EBADF */
  releasedir(handle: number): number {
    if ((this.mirror.handles.flags(handle) & HandleFlag.directory) === 0) return -Errno.EBADF;
    const fd = this.mirror.handles.fd(handle);
    const file = this.mirror.handles.remove(handle);
    crashAt?.('handle-removed');
    if (file === undefined) return -Errno.EBADF;
    close(fd);
    this.reader.forget(handle);
    this.mirror.nodes.releaseIfUnused(file.node);
    return 0;
  }
}
