/**
 * The kernel's switch for FUSE over io_uring.
 *
 * Guarantees: {@link UringParameter.restore} puts the old value back. Where the kernel has no such switch, or it can't be
 * written, nothing happens: our mount then refuses `transport=uring` and says why.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Module parameter of fuse, since Linux 6.14. */
const parameter = '/sys/module/fuse/parameters/enable_uring';

export class UringParameter {
  private old: string | undefined;
  private readonly path: string;

  /** @param path - the kernel's file; another one in tests */
  constructor(path = parameter) {
    this.path = path;
  }

  /** Takes effect at the next mount. */
  turnOn(): void {
    if (!existsSync(this.path)) return;
    const value = readFileSync(this.path, 'utf8').trim();
    if (value === 'Y') return;
    try {
      writeFileSync(this.path, 'Y');
      this.old = value;
    } catch {
      // A container with a read-only /sys.
    }
  }

  restore(): void {
    if (this.old !== undefined) writeFileSync(this.path, this.old);
    this.old = undefined;
  }
}
