/**
 * Notices the end of a mount.
 *
 * The package does not tell: after an umount its process would live on for ever. The kernel does, on the connection's
 * descriptor: poll(2) reports an error once the mount is gone and its last user too, or the connection was aborted.
 *
 * Guarantees: notices within {@link INTERVAL} milliseconds; closes the descriptor then. A look costs one system call.
 */
import { close } from '../../libc/calls.js';
import { isConnected } from '../connection.js';

/** Milliseconds between two looks. */
export const INTERVAL = 250;

export class ConnectionWatch {
  private readonly timer: NodeJS.Timeout;

  /** @param fd - a descriptor of the connection that nobody else closes */
  constructor(
    private readonly fd: number,
    private readonly onEnd: () => void,
  ) {
    this.timer = setInterval(() => this.look(), INTERVAL);
  }

  /** Ends the watch; {@link onEnd} is not called any more. */
  stop(): void {
    clearInterval(this.timer);
    close(this.fd);
  }

  private look(): void {
    if (isConnected(this.fd)) return;
    this.stop();
    this.onEnd();
  }
}
