/**
 * Open files and directories of the mount.
 *
 * Guarantees: a file handle (`fh`) is a small number that names one open until its release; what read and write need of it
 * lies in {@link OpenDescriptors}, and what the next server needs in {@link HandleRecords}. A handle that is not open gives
 * -EBADF.
 */
import { MAX_HANDLES } from '../capture/stream-slots.js';
import { O_APPEND } from '../libc/flags.js';
import { TextPool } from '../recovery/text-pool.js';
import { HandleRecords } from './handle-records.js';
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

  constructor(
    readonly descriptors: OpenDescriptors = new OpenDescriptors(),
    readonly records: HandleRecords = new HandleRecords(new TextPool()),
    private readonly capacity: number = MAX_HANDLES,
  ) {}

  /** Whether there is no number left for {@link add}. */
  get isFull(): boolean {
    return this.free.length === 0 && this.used >= this.capacity;
  }

  /** The file handle that {@link add} will give out next. */
  get next(): number {
    return this.free.at(-1) ?? this.used;
  }

  /**
   * @param flags - of {@link HandleFlag}
   * @param openFlags - that the next server has to open it with
   * @returns the new file handle; not to be asked for when the table {@link isFull}
   */
  add(fd: number, flags: number, file: OpenFile, openFlags = 0): number {
    const handle = this.free.pop() ?? this.used++;
    this.put(handle, fd, flags, file);
    const { node, pid, writable, paths } = file;
    const isDirectory = (flags & HandleFlag.directory) !== 0;
    this.records.set(handle, { nodeId: node.id, openFlags, isDirectory, writable, pid, paths });
    return handle;
  }

  private put(handle: number, fd: number, flags: number, file: OpenFile): void {
    this.descriptors.set(handle, fd, flags);
    this.files[handle] = file;
    file.node.pins++;
  }

  /**
   * Takes over the handles of the last server; to be called before any other is made.
   * @param nodeOf - the node of an id
   * @param reopen - @returns a descriptor or a negated errno
   * @returns how many could not be opened again: they answer -EBADF
   */
  restore(
    nodeOf: (id: number) => Node | undefined,
    reopen: (node: Node, openFlags: number, isDirectory: boolean) => number,
  ): number {
    let lost = 0;
    this.used = this.records.count;
    for (let handle = this.used - 1; handle >= 0; handle--) {
      const record = this.records.read(handle);
      const node = record && nodeOf(record.nodeId);
      if (record === undefined || node === undefined) {
        if (record !== undefined) this.records.clear(handle);
        this.free.push(handle);
        continue;
      }
      const { openFlags, isDirectory, writable, pid, paths } = record;
      const fd = reopen(node, openFlags, isDirectory);
      const append = (openFlags & O_APPEND) !== 0 ? HandleFlag.append : 0;
      const flags = isDirectory ? HandleFlag.directory : append | (node.mayHaveSetId ? HandleFlag.setId : 0);
      this.put(handle, Math.max(-1, fd), flags, { node, paths, pid, writable });
      if (fd < 0) lost++;
    }
    return lost;
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
    this.records.clear(handle);
    this.files[handle] = undefined;
    this.free.push(handle);
    file.node.pins--;
    return file;
  }

  /** Every handle. */
  *all(): Generator<readonly [handle: number, file: OpenFile]> {
    for (const [handle, file] of this.files.entries()) if (file !== undefined) yield [handle, file];
  }

  /** Every handle that is open for writing, with what it is. */
  *writable(): Generator<readonly [handle: number, file: OpenFile]> {
    for (const [handle, file] of this.files.entries()) if (file?.writable) yield [handle, file];
  }
}
