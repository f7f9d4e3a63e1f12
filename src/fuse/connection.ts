/** Whether a connection to the kernel still is one. Reads nothing from it. */
import { poll } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';

const POLLERR = 8;

/** `struct pollfd`: i32 fd, i16 events, i16 revents. */
const REVENTS = 6;

const pollfd = new MemoryRegion(8);

/**
 * False once the file system is unmounted, and its last user is gone, or the connection was aborted: then poll(2) tells an error
 * (`fuse_dev_poll` in the kernel's fs/fuse/dev.c).
 * @param deviceFd - `/dev/fuse`
 */
export function isConnected(deviceFd: number): boolean {
  pollfd.bytes.writeInt32LE(deviceFd, 0);
  return poll(pollfd.address, 1, 0) <= 0 || (pollfd.bytes.readInt16LE(REVENTS) & POLLERR) === 0;
}
