/**
 * What has to be known of each open file handle so that another server can open it again, written through on every change.
 *
 * Guarantees: a record is used as a whole or not at all. Does not hold descriptors, which belong to a process, nor which
 * stream captures the handle (see `src/capture/stream-slots.ts`).
 *
 * Layout: 64 bytes a handle, see {@link Field}; before them 64 that hold the number of handles ever used at a time.
 */
import { MAX_HANDLES } from '../capture/stream-slots.js';
import { MemoryRegion } from '../libc/memory.js';
import type { TextPool } from '../recovery/text-pool.js';

const TWO_32 = 2 ** 32;
const WORDS = 16;

const Field = { used: 0, openFlags: 1, node: 2, pid: 4, backing: 5, paths: 6, skipped: 7 } as const;

/** Bytes for all records. */
export const HANDLE_RECORDS_SIZE: number = (MAX_HANDLES + 1) * WORDS * 4;

/** One open, as it has to be repeated. */
export interface RecordedHandle {
  readonly nodeId: number;
  /** Flags of open(2) that the mirror's descriptor has. */
  readonly openFlags: number;
  readonly isDirectory: boolean;
  readonly writable: boolean;
  readonly pid: number;
  readonly paths: readonly string[];
}

const Kind = { used: 1, directory: 2, writable: 4 } as const;

export class HandleRecords {
  private readonly words: Uint32Array;

  /** @param region - the last server's, or a new one */
  constructor(
    private readonly texts: TextPool,
    region: MemoryRegion = new MemoryRegion(HANDLE_RECORDS_SIZE),
  ) {
    this.words = region.words;
  }

  set(handle: number, open: RecordedHandle): void {
    if (handle >= MAX_HANDLES) return;
    const start = base(handle);
    const { words } = this;
    words[start + Field.openFlags] = open.openFlags;
    words[start + Field.node] = open.nodeId >>> 0;
    words[start + Field.node + 1] = Math.floor(open.nodeId / TWO_32);
    words[start + Field.pid] = open.pid;
    words[start + Field.backing] = 0;
    words[start + Field.skipped] = 0;
    // Names hold no NUL.
    words[start + Field.paths] = open.paths.length === 0 ? 0 : this.texts.put(open.paths.join('\0'));
    if (handle >= this.count) words[0] = handle + 1;
    words[start] = Kind.used | (open.isDirectory ? Kind.directory : 0) | (open.writable ? Kind.writable : 0);
  }

  clear(handle: number): void {
    if (!this.isUsed(handle)) return;
    const start = base(handle);
    this.words[start] = 0;
    this.texts.drop(this.get(start + Field.paths));
    this.words[start + Field.paths] = 0;
  }

  isUsed(handle: number): boolean {
    return handle < MAX_HANDLES && this.get(base(handle)) !== 0;
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }

  /** How many handles there ever were at a time. */
  get count(): number {
    return this.get(0);
  }

  /** @returns undefined for a handle that is not open */
  read(handle: number): RecordedHandle | undefined {
    const start = base(handle);
    const kind = this.get(start);
    if (kind === 0) return undefined;
    const paths = this.get(start + Field.paths);
    return {
      nodeId: this.get(start + Field.node) + this.get(start + Field.node + 1) * TWO_32,
      openFlags: this.get(start + Field.openFlags),
      isDirectory: (kind & Kind.directory) !== 0,
      writable: (kind & Kind.writable) !== 0,
      pid: this.get(start + Field.pid),
      paths: paths === 0 ? [] : this.texts.get(paths).split('\0'),
    };
  }

  /** Id of the backing file in the kernel's table; 0 for none. */
  backing(handle: number): number {
    return handle < MAX_HANDLES ? this.get(base(handle) + Field.backing) : 0;
  }
  setBacking(handle: number, id: number): void {
    if (handle < MAX_HANDLES) this.words[base(handle) + Field.backing] = id;
  }

  /** Whether the handle is a rotation tool's; undefined where nobody had to know. */
  skipped(handle: number): boolean | undefined {
    const stored = handle < MAX_HANDLES ? this.get(base(handle) + Field.skipped) : 0;
    return stored === 0 ? undefined : stored === 2;
  }
  setSkipped(handle: number, skipped: boolean | undefined): void {
    if (handle < MAX_HANDLES) this.words[base(handle) + Field.skipped] = skipped === undefined ? 0 : skipped ? 2 : 1;
  }

  /** Heads of all texts that are used. */
  *textHeads(): Generator<number> {
    for (let handle = 0; handle < this.count; handle++) {
      if (this.isUsed(handle)) yield this.get(base(handle) + Field.paths);
    }
  }
}

function base(handle: number): number {
  return (handle + 1) * WORDS;
}
