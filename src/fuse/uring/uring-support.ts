/**
 * Whether the kernel offers FUSE over io_uring.
 *
 * Guarantees: looks and changes nothing. Does not tell whether this process may use io_uring at all: setting up a ring does.
 */
import { readFileSync } from 'node:fs';

const PARAMETER = '/sys/module/fuse/parameters/enable_uring';

/** Why the kernel offers no FUSE over io_uring, with what to do; undefined where it does. */
export function whyNoUring(parameterFile: string = PARAMETER): string | undefined {
  try {
    if (readFileSync(parameterFile, 'latin1').trim() === 'Y') return undefined;
  } catch {
    return 'this kernel has no FUSE over io_uring (Linux 6.14 and later)';
  }
  return `the kernel's FUSE over io_uring is off: echo Y > ${PARAMETER}, and for the next boot "options fuse enable_uring=1" in /etc/modprobe.d/logagg-fs.conf`;
}
