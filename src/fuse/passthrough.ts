/**
 * Backing files: reads and mappings that never reach the server (FUSE passthrough, Linux 6.9 and later).
 *
 * Guarantees: all opens of an inode at one time are alike, as the kernel demands: every one has the same backing id, or
 * none has. Opens that can write add FOPEN_DIRECT_IO, so that their writes come to the server and their mappings do not; not so,
 * if the user wants that, those of files that are not tracked.
 * Where the kernel refuses a backing file (a stacked file system, no privilege) the inode is read through the server and
 * the page cache. A backing file that nobody uses any more is kept for the next open: {@link MAX_IDLE} of them at most, and
 * none of an inode that the kernel has forgotten, so that a deleted file's space is not held.
 *
 * Protocol: FUSE_DEV_IOC_BACKING_OPEN takes `struct fuse_backing_map` {i32 fd, u32 flags, u64 padding} and returns an id;
 * see the kernel's Documentation/filesystems/fuse/fuse-passthrough.rst.
 */
import { close, ioctl, open, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { O_CLOEXEC, O_RDONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { withoutSetIdPrivilege } from '../mirror/capabilities.js';
import type { Mirror } from '../mirror/mirror.js';
import type { Node } from '../mirror/node.js';
import { OpenFlag } from './layout.js';

const BACKING_OPEN = 0x4010e501;
const BACKING_CLOSE = 0x4004e502;

/** Each is an open file of the kernel's, though none of this process. */
const MAX_IDLE = 64;

interface Backing {
  /** 0 where the kernel gave none. */
  id: number;
  users: number;
}

/** How an open is answered. */
export interface OpenMode {
  /** FOPEN_* flags. */
  readonly flags: number;
  /** 0 for none. */
  readonly backingId: number;
}

const THROUGH_PAGE_CACHE: OpenMode = { flags: 0, backingId: 0 };

export class Passthrough {
  private readonly backings = new Map<Node, Backing>();
  /** Nodes whose backing nobody uses, in the order in which that came about. */
  private readonly idle = new Set<Node>();
  private readonly maxIdle: number;
  /** Since Linux 6.16 an O_PATH descriptor will do for a backing file; tried once. */
  private takesPathDescriptors = true;
  /** Handles that count as users of their node's backing. */
  private readonly users = new Map<number, Node>();
  private readonly argument = new MemoryRegion(16);

  /**
   * @param deviceFd - `/dev/fuse`
   * @param takesWrites - backing files may be written as well
   */
  constructor(
    private readonly mirror: Mirror,
    private readonly deviceFd: number,
    private readonly takesWrites: boolean,
  ) {
    // Writes are made with the privileges and the group of the open that the backing file was made for.
    this.maxIdle = takesWrites ? 0 : MAX_IDLE;
    mirror.nodes.onRemoved = (node) => this.drop(node);
  }

  /**
   * How to answer an open. An open that can only write has no use for a backing file, but gets one: replies to two opens may
   * be taken up in the other order, and the kernel refuses (EIO) one without where there is one already.
   * @param writesComeHere - the open can write, and its writes have to come to the server
   */
  open(node: Node, handle: number, writesComeHere: boolean): OpenMode {
    const backing = this.backings.get(node) ?? this.add(node);
    if (backing.users++ === 0) this.idle.delete(node);
    this.users.set(handle, node);
    if (backing.id === 0) return THROUGH_PAGE_CACHE;
    return { flags: OpenFlag.passthrough | (writesComeHere ? OpenFlag.directIo : 0), backingId: backing.id };
  }

  /** The handle is closed. */
  release(handle: number): void {
    const node = this.users.get(handle);
    const backing = node === undefined ? undefined : this.backings.get(node);
    if (node === undefined || backing === undefined) return;
    this.users.delete(handle);
    if (--backing.users > 0) return;
    this.idle.add(node);
    if (backing.id !== 0 && this.idle.size <= this.maxIdle) return;
    const [oldest] = this.idle;
    this.drop(backing.id === 0 ? node : (oldest ?? node));
  }

  /** Closes a backing that nobody uses. */
  private drop(node: Node): void {
    if (!this.idle.delete(node)) return;
    const id = this.backings.get(node)?.id ?? 0;
    this.backings.delete(node);
    if (id === 0) return;
    this.argument.words[0] = id;
    ioctl(this.deviceFd, BACKING_CLOSE, this.argument.address);
  }

  private add(node: Node): Backing {
    const backing = { id: this.register(node), users: 0 };
    this.backings.set(node, backing);
    return backing;
  }

  private register(node: Node): number {
    const nodeFd = this.mirror.nodes.fdOf(node);
    if (nodeFd < 0) return 0;
    if (this.takesPathDescriptors) {
      const id = this.registerFd(nodeFd);
      if (id !== -Errno.EBADF) return Math.max(0, id);
      this.takesPathDescriptors = false;
    }
    const fd = open(this.mirror.procPath(nodeFd), O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    const id = this.registerFd(fd);
    close(fd); // the kernel keeps a reference of its own
    return Math.max(0, id);
  }

  /** @returns a backing id or a negated errno */
  private registerFd(fd: number): number {
    const { words, address } = this.argument;
    words.fill(0);
    words[0] = fd;
    const register = (): number => orErrno(ioctl(this.deviceFd, BACKING_OPEN, address));
    // The kernel writes on behalf of whoever calls this: with root's privileges set-id bits would survive any write.
    return this.takesWrites ? withoutSetIdPrivilege(this.mirror.caller.gid, register) : register();
  }
}
