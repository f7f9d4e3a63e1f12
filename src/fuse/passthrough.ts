/**
 * Backing files: reads and mappings that never reach the server (FUSE passthrough, Linux 6.9 and later).
 *
 * Guarantees: all opens of an inode at one time are alike, as the kernel demands: every one has the same backing id, or
 * none has. Opens that can write add FOPEN_DIRECT_IO, so that their writes come to the server and their mappings do not.
 * Where the kernel refuses a backing file (a stacked file system, no privilege) the inode is read through the server.
 *
 * Protocol: FUSE_DEV_IOC_BACKING_OPEN takes `struct fuse_backing_map` {i32 fd, u32 flags, u64 padding} and returns an id;
 * see the kernel's Documentation/filesystems/fuse/fuse-passthrough.rst.
 */
import { close, ioctl, open } from '../libc/calls.js';
import { O_CLOEXEC, O_RDONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import type { Mirror } from '../mirror/mirror.js';
import type { Node } from '../mirror/node.js';

const BACKING_OPEN = 0x4010e501;
const BACKING_CLOSE = 0x4004e502;

interface Backing {
  /** 0 where the kernel gave none. */
  id: number;
  users: number;
}

export class Passthrough {
  private readonly backings = new Map<Node, Backing>();
  private readonly argument = new MemoryRegion(16);

  /** @param deviceFd - `/dev/fuse`; undefined where passthrough is off */
  constructor(
    private readonly mirror: Mirror,
    private readonly deviceFd: number,
  ) {}

  /** One more open of the node. @returns its backing id, or 0 for none */
  acquire(node: Node): number {
    let backing = this.backings.get(node);
    if (backing === undefined) {
      backing = { id: this.register(node), users: 0 };
      this.backings.set(node, backing);
    }
    backing.users++;
    return backing.id;
  }

  /** One open less. */
  release(node: Node): void {
    const backing = this.backings.get(node);
    if (backing === undefined || --backing.users > 0) return;
    this.backings.delete(node);
    if (backing.id === 0) return;
    this.argument.words[0] = backing.id;
    ioctl(this.deviceFd, BACKING_CLOSE, this.argument.address);
  }

  private register(node: Node): number {
    const nodeFd = this.mirror.nodes.fdOf(node);
    const fd = nodeFd < 0 ? -1 : open(this.mirror.procPath(nodeFd), O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    const { words, address } = this.argument;
    words.fill(0);
    words[0] = fd;
    const id = ioctl(this.deviceFd, BACKING_OPEN, address);
    close(fd); // the kernel keeps a reference of its own
    return Math.max(0, id);
  }
}
