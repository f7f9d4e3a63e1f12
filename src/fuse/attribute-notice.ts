/**
 * Telling the kernel that it must ask for an inode's attributes again.
 *
 * Guarantees: waits for nothing and takes no lock that a request under way could hold, so it may be sent while one is served.
 * A notice about an inode that the kernel has forgotten meanwhile is no error.
 */
import { write } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';
import { OutHeader } from './layout.js';

/** FUSE_NOTIFY_INVAL_INODE of linux/fuse.h, in the place of a reply's errno. */
const INVALIDATE_INODE = 2;

/** `struct fuse_notify_inval_inode_out`: u64 ino, i64 off, i64 len. A negative offset spares the cached contents. */
const NOTICE_LENGTH = OutHeader.size + 24;

export class AttributeNotice {
  private readonly message = new MemoryRegion(NOTICE_LENGTH);

  /** @param deviceFd - `/dev/fuse` */
  constructor(private readonly deviceFd: number) {
    const { words } = this.message;
    words[OutHeader.len / 4] = NOTICE_LENGTH;
    words[OutHeader.error / 4] = INVALIDATE_INODE;
    words.fill(0xffffffff, OutHeader.size / 4 + 2, OutHeader.size / 4 + 4);
  }

  send(nodeId: number): void {
    const { words, address } = this.message;
    words[OutHeader.size / 4] = nodeId >>> 0;
    words[OutHeader.size / 4 + 1] = Math.floor(nodeId / 2 ** 32);
    write(this.deviceFd, address, NOTICE_LENGTH);
  }
}
