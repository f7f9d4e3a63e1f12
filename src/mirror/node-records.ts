/**
 * What has to be known of each node so that another server can go on with it, written through on every change.
 *
 * Guarantees: a record is used as a whole or not at all: the word that says so is written last. Counting a lookup costs one
 * word. Of an inode with several names only the newest is kept. One thread at a time; the next server calls
 * {@link NodeRecords.used} before anything else.
 *
 * Does not: fail where there is no room for one more. Such a node is served, and unknown to the next server (ESTALE).
 *
 * Layout: records of 128 bytes, see {@link Field}; behind the fields file handle and name, or in the pool of texts where they
 * are too long. Record 0 holds what belongs to all: the first record never used, and the next node id.
 */
import { MemoryRegion } from '../libc/memory.js';
import type { TextPool } from '../recovery/text-pool.js';

const TWO_32 = 2 ** 32;
const RECORD = 128;
const WORDS = RECORD / 4;

/** Words of a record. 64-bit values are two, low first. */
const Field = {
  flags: 0,
  lookups: 1,
  id: 2,
  ino: 4,
  deviceMajor: 6,
  deviceMinor: 7,
  parent: 8,
  /** Bytes of the file handle, of the name. */
  handleLength: 10,
  nameLength: 11,
  /** Heads of what does not fit inline; 0 where it does. */
  handleText: 12,
  nameText: 13,
  inline: 14,
} as const;
const INLINE = Field.inline * 4;
const INLINE_HANDLE = 32;
const INLINE_NAME = RECORD - INLINE - INLINE_HANDLE;

/** In record 0. */
const NEXT_ID = 16;

const Flag = { used: 1, regular: 2, linked: 4 } as const;

/** Memory is used only for those that are there. */
const MAX_NODES = 1 << 23;
/** Bytes for all records. */
export const NODE_RECORDS_SIZE: number = MAX_NODES * RECORD;

/** Where an inode is, as statx(2) shows it. */
export interface InodeWords {
  readonly inoLow: number;
  readonly inoHigh: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** A record, read back. */
export interface RecordedNode extends InodeWords {
  readonly index: number;
  readonly id: number;
  readonly isRegular: boolean;
  readonly handle: Buffer | undefined;
  /** The newest name; undefined for none. */
  readonly link: { readonly parent: number; readonly name: string } | undefined;
}

export class NodeRecords {
  private readonly words: Uint32Array;
  private readonly bytes: Buffer;
  private readonly records: number;
  private readonly free: number[] = [];

  /**
   * @param texts - for what does not fit
   * @param region - the last server's, or a new one
   */
  constructor(
    private readonly texts: TextPool,
    region: MemoryRegion = new MemoryRegion(NODE_RECORDS_SIZE),
  ) {
    this.words = region.words;
    this.bytes = region.bytes;
    this.records = region.size / RECORD;
  }

  /** A node id that was never given out, `least` or more. */
  nextId(least: number): number {
    const id = Math.max(least, this.get(NEXT_ID) + this.get(NEXT_ID + 1) * TWO_32);
    this.words[NEXT_ID] = (id + 1) >>> 0;
    this.words[NEXT_ID + 1] = Math.floor((id + 1) / TWO_32);
    return id;
  }

  /** @returns the number of a new node's record; 0 when there is none left: the next server will not know the node */
  add(id: number, inode: InodeWords, handle: Buffer | undefined, isRegular: boolean): number {
    const index = this.free.pop() ?? this.extend();
    if (index === 0) return 0;
    const start = index * WORDS;
    const { words } = this;
    words.fill(0, start, start + Field.inline);
    words[start + Field.id] = id >>> 0;
    words[start + Field.id + 1] = Math.floor(id / TWO_32);
    words[start + Field.ino] = inode.inoLow;
    words[start + Field.ino + 1] = inode.inoHigh;
    words[start + Field.deviceMajor] = inode.deviceMajor;
    words[start + Field.deviceMinor] = inode.deviceMinor;
    if (handle !== undefined) this.putHandle(index, handle);
    words[start] = Flag.used | (isRegular ? Flag.regular : 0);
    return index;
  }

  remove(index: number): void {
    const start = index * WORDS;
    this.words[start] = 0;
    this.texts.drop(this.get(start + Field.handleText));
    this.texts.drop(this.get(start + Field.nameText));
    this.free.push(index);
  }

  lookups(index: number): number {
    return this.get(index * WORDS + Field.lookups);
  }
  setLookups(index: number, lookups: number): void {
    this.words[index * WORDS + Field.lookups] = lookups;
  }

  /** Notes the newest name, or that there is none. */
  setLink(index: number, link: { readonly parent: number; readonly name: string } | undefined): void {
    if (index === 0) return;
    const start = index * WORDS;
    const { words } = this;
    words[start] = this.get(start) & ~Flag.linked;
    const text = this.get(start + Field.nameText);
    words[start + Field.nameText] = 0;
    this.texts.drop(text);
    if (link === undefined) return;
    words[start + Field.parent] = link.parent >>> 0;
    words[start + Field.parent + 1] = Math.floor(link.parent / TWO_32);
    words[start + Field.nameLength] = link.name.length;
    if (link.name.length > INLINE_NAME) {
      words[start + Field.nameText] = this.texts.put(link.name);
      if (words[start + Field.nameText] === 0) return;
    } else this.bytes.write(link.name, index * RECORD + INLINE + INLINE_HANDLE, 'latin1');
    words[start] = this.get(start) | Flag.linked;
  }

  /** All records that the last server left. To be asked once, before any is added. */
  used(): RecordedNode[] {
    const found: RecordedNode[] = [];
    this.free.length = 0;
    for (let index = 1; index < this.first; index++) {
      if ((this.get(index * WORDS) & Flag.used) === 0) this.free.push(index);
      else found.push(this.read(index));
    }
    return found;
  }

  /** Heads of all texts that are used; after {@link used}. */
  *textHeads(): Generator<number> {
    for (let index = 1; index < this.first; index++) {
      if ((this.get(index * WORDS) & Flag.used) === 0) continue;
      yield this.get(index * WORDS + Field.handleText);
      yield this.get(index * WORDS + Field.nameText);
    }
  }

  private read(index: number): RecordedNode {
    const start = index * WORDS;
    const flags = this.get(start);
    const long = (field: number): number => this.get(start + field) + this.get(start + field + 1) * TWO_32;
    const linked = (flags & Flag.linked) !== 0;
    return {
      index,
      id: long(Field.id),
      inoLow: this.get(start + Field.ino),
      inoHigh: this.get(start + Field.ino + 1),
      deviceMajor: this.get(start + Field.deviceMajor),
      deviceMinor: this.get(start + Field.deviceMinor),
      isRegular: (flags & Flag.regular) !== 0,
      handle: this.handleOf(index),
      link: linked ? { parent: long(Field.parent), name: this.nameOf(index) } : undefined,
    };
  }

  private putHandle(index: number, handle: Buffer): void {
    const start = index * WORDS;
    this.words[start + Field.handleLength] = handle.length;
    if (handle.length <= INLINE_HANDLE) handle.copy(this.bytes, index * RECORD + INLINE);
    else {
      const text = this.texts.put(handle.toString('latin1'));
      this.words[start + Field.handleText] = text;
      if (text === 0) this.words[start + Field.handleLength] = 0;
    }
  }

  private handleOf(index: number): Buffer | undefined {
    const start = index * WORDS;
    const length = this.get(start + Field.handleLength);
    if (length === 0) return undefined;
    const text = this.get(start + Field.handleText);
    if (text !== 0) return Buffer.from(this.texts.get(text), 'latin1');
    const from = index * RECORD + INLINE;
    return Buffer.from(this.bytes.subarray(from, from + length));
  }

  private nameOf(index: number): string {
    const start = index * WORDS;
    const text = this.get(start + Field.nameText);
    if (text !== 0) return this.texts.get(text);
    const from = index * RECORD + INLINE + INLINE_HANDLE;
    return this.bytes.toString('latin1', from, from + this.get(start + Field.nameLength));
  }

  private extend(): number {
    const index = this.first;
    if (index >= this.records) return 0;
    this.words[0] = index + 1;
    return index;
  }

  private get first(): number {
    return Math.max(1, this.get(0));
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}
