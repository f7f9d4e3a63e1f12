/**
 * Open files and directories of the mount.
 *
 * Guarantees: a file handle (`fh`) is a small number that names one open until its release; what read and write need of it
 * lies in flat arrays, found without a hash and without allocation. A handle that is not open gives descriptor -1.
 */
import { Errno } from '../libc/errno.js';
import type { Node } from './node.js';

/** What is known of an open besides its numbers. */
export interface OpenFile {
  readonly node: Node;
  /** Paths under the mirror's root that it may have been opened by (latin1, with a leading slash), the likeliest first. */
  readonly paths: readonly string[];
  /** Thread id of the process that opened it. */
  readonly pid: number;
  readonly writable: boolean;
}

const INITIAL_CAPACITY = 256;

/** Bits of {@link HandleTable.flags}. */
export const HandleFlag = { append: 1, directory: 2 } as const;

export class HandleTable {
  /** Descriptor of each handle, -1 for a free one. */
  private fds = new Int32Array(INITIAL_CAPACITY).fill(-1);
  private flagBits = new Uint8Array(INITIAL_CAPACITY);
  private readonly files: (OpenFile | undefined)[] = [];
  private readonly free: number[] = [];
  private used = 0;

  /** @returns the new file handle */
  add(fd: number, flags: number, file: OpenFile): number {
    const handle = this.free.pop() ?? this.used++;
    if (handle >= this.fds.length) this.grow();
    this.fds[handle] = fd;
    this.flagBits[handle] = flags;
    this.files[handle] = file;
    file.node.pins++;
    return handle;
  }

  /** The handle's descriptor, or -EBADF. */
  fd(handle: number): number {
    const fd = this.fds[handle];
    return fd === undefined || fd < 0 ? -Errno.EBADF : fd;
  }

  /** How many handles are open. */
  get openCount(): number {
    return this.used - this.free.length;
  }

  flags(handle: number): number {
    return this.flagBits[handle] ?? 0;
  }

  file(handle: number): OpenFile | undefined {
    return this.files[handle];
  }

  /** Frees the handle; the caller closes its descriptor. @returns what it was, undefined if it was not open */
  remove(handle: number): OpenFile | undefined {
    const file = this.files[handle];
    if (file === undefined) return undefined;
    this.fds[handle] = -1;
    this.files[handle] = undefined;
    this.free.push(handle);
    file.node.pins--;
    return file;
  }

  /** Every handle that is open for writing, with what it is. */
  *writable(): Generator<readonly [handle: number, file: OpenFile]> {
    for (const [handle, file] of this.files.entries()) if (file?.writable) yield [handle, file];
  }

  private grow(): void {
    const fds = new Int32Array(this.fds.length * 2).fill(-1);
    fds.set(this.fds);
    this.fds = fds;
    const flagBits = new Uint8Array(fds.length);
    flagBits.set(this.flagBits);
    this.flagBits = flagBits;
  }
}
