/**
 * Notices the end of a mount.
 *
 * The package does not tell: after an umount its process would live on for ever. The kernel does, on the connection's
 * descriptor: poll(2) reports an error once the mount is gone and its last user too, or the connection was aborted.
 *
 * Guarantees: notices within {@link INTERVAL} milliseconds; closes the descriptor then. A look costs one system call.
 */
import { close, poll } from '../../libc/calls.js';
import { MemoryRegion } from '../../libc/memory.js';

/** Milliseconds between two looks. */
export const INTERVAL = 250;

const POLLERR = 8;

/** `struct pollfd`: i32 fd, i16 events, i16 revents. */
const REVENTS = 6;

export class ConnectionWatch {
  private readonly pollfd = new MemoryRegion(8);
  private readonly timer: NodeJS.Timeout;

  /** @param fd - a descriptor of the connection that nobody else closes */
  constructor(
    private readonly fd: number,
    private readonly onEnd: () => void,
  ) {
    this.pollfd.bytes.writeInt32LE(fd, 0);
    this.timer = setInterval(() => this.look(), INTERVAL);
  }

  /** Ends the watch; {@link onEnd} is not called any more. */
  stop(): void {
    clearInterval(this.timer);
    close(this.fd);
  }

  private look(): void {
    if (poll(this.pollfd.address, 1, 0) <= 0) return;
    if ((this.pollfd.bytes.readInt16LE(REVENTS) & POLLERR) === 0) return;
    this.stop();
    this.onEnd();
  }
}
