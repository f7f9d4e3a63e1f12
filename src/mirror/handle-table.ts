/**
 * Open files and directories of the mount.
 *
 * Guarantees: a file handle (`fh`) is a small number that names one open until its release; what read and write need of it
 * lies in {@link OpenDescriptors}. A handle that is not open gives -EBADF.
 */
import type { Node } from './node.js';
import { HandleFlag, OpenDescriptors } from './open-descriptors.js';

/** What is known of an open besides its numbers. */
export interface OpenFile {
  readonly node: Node;
  /** Paths under the mirror's root that it may have been opened by (latin1, with a leading slash), the likeliest first. */
  readonly paths: readonly string[];
  /** Thread id of the process that opened it. */
  readonly pid: number;
  readonly writable: boolean;
}

export class HandleTable {
  private readonly files: (OpenFile | undefined)[] = [];
  private readonly free: number[] = [];
  private used = 0;

  constructor(readonly descriptors: OpenDescriptors = new OpenDescriptors()) {}

  /** @returns the new file handle; there are as many as there are descriptors */
  add(fd: number, flags: number, file: OpenFile): number {
    const handle = this.free.pop() ?? this.used++;
    this.descriptors.set(handle, fd, flags);
    this.files[handle] = file;
    file.node.pins++;
    return handle;
  }

  /** The handle's descriptor, or -EBADF. */
  fd(handle: number): number {
    return this.descriptors.fd(handle);
  }

  /** How many handles are open. */
  get openCount(): number {
    return this.used - this.free.length;
  }

  flags(handle: number): number {
    return this.descriptors.flags(handle);
  }

  /** The node is about to get set-id bits: from now on unprivileged writes through any of its handles take them away. */
  addSetId(node: Node): void {
    node.mayHaveSetId = true;
    for (const [handle, file] of this.writable()) {
      if (file.node === node) this.descriptors.change(handle, this.flags(handle) | HandleFlag.setId);
    }
  }

  /** The handle's file is known to have no set-id bits. */
  dropSetId(handle: number): void {
    this.descriptors.change(handle, this.flags(handle) & ~HandleFlag.setId);
  }

  file(handle: number): OpenFile | undefined {
    return this.files[handle];
  }

  /** Frees the handle; the caller closes its descriptor. @returns what it was, undefined if it was not open */
  remove(handle: number): OpenFile | undefined {
    const file = this.files[handle];
    if (file === undefined) return undefined;
    this.descriptors.clear(handle);
    this.files[handle] = undefined;
    this.free.push(handle);
    file.node.pins--;
    return file;
  }

  /** Every handle that is open for writing, with what it is. */
  *writable(): Generator<readonly [handle: number, file: OpenFile]> {
    for (const [handle, file] of this.files.entries()) if (file?.writable) yield [handle, file];
  }
}
