/**
 * A path of a request, cut into names.
 *
 * Guarantees: bytes, never text that was decoded; each name is NUL-terminated in place. libfuse makes its paths of the names
 * that the kernel looked up, so a path leads through directories only, never through symbolic links.
 */
import { Errno } from '../../libc/errno.js';
import { MemoryRegion } from '../../libc/memory.js';
import { EntryName } from '../../mirror/entry-name.js';
import { copyText } from './native-calls.js';

/** Paths can be longer than PATH_MAX, for a process that changes its directory on the way; memory is used as needed. */
const ROOM = 1024 * 1024;

const SLASH = 0x2f;

export class NativePath {
  private readonly region = new MemoryRegion(ROOM);
  private readonly starts: number[] = [];
  private length = 0;
  /** The name that was pointed at last. */
  readonly name = new EntryName(this.region);

  /** Takes the text at `address`. @returns 0 or a negated errno */
  read(address: number): number {
    this.starts.length = 0;
    this.length = copyText(this.region.address, address, ROOM);
    if (this.length < 0) return -Errno.ENAMETOOLONG;
    const { bytes } = this.region;
    for (let start = 0; start < this.length; ) {
      const slash = bytes.indexOf(SLASH, start);
      const end = slash < 0 || slash > this.length ? this.length : slash;
      if (end > start) this.starts.push(start);
      bytes[end] = 0;
      start = end + 1;
    }
    return 0;
  }

  /** The path with a leading slash; one character a byte. */
  get text(): string {
    const text = this.region.bytes.toString('latin1', 0, this.length).replaceAll('\0', '/');
    return text.startsWith('/') ? text : `/${text}`;
  }

  /** How many names it has; 0 for the root. */
  get depth(): number {
    return this.starts.length;
  }

  /** Points {@link name} at a name. @returns 0 or a negated errno: it can't name an entry */
  pointAt(index: number): number {
    const start = this.starts[index];
    if (start === undefined) return -Errno.EINVAL;
    const failed = this.name.locate(this.region, start, this.length + 1);
    return failed < 0 ? failed : this.name.check();
  }
}
