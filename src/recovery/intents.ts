/**
 * The request in progress, noted step by step in memory that outlives the server, so that the next server can tell what was
 * done of it when the kernel delivers it again.
 *
 * Guarantees: every request takes effect exactly once, wherever the server was killed (SIGKILL, a crash; not a power loss).
 * One thread serves, one request at a time, so that at most one request is half done; those handed over to slow calls
 * are kept in a list of their own. Over io_uring queue threads write as well: their notes lie in the request's slot
 * (`src/fuse/uring/slot-notes.ts`) until the next server inherits them, and what they leave to be captured has notes
 * aside. The kernel numbers requests (`unique`) and marks those that it delivers again with the highest bit. A
 * resent request that is not noted here was never begun. Over io_uring it is the slot that shows it again.
 *
 * | killed at (LOGAGG_CRASH_AT) | what was done | what recovery does with the resent request |
 * |---|---|---|
 * | received | number noted | serves it as new |
 * | counted | the node's lookups, before the reply | takes the count back, serves it again (LOOKUP, READDIRPLUS and all that make an entry) |
 * | made | MKNOD, MKDIR, SYMLINK, LINK, CREATE: entry is there, still root's | EEXIST means ours: gives it to the caller if it is root's |
 * | given | the entry is the caller's | the same |
 * | opened | OPEN, CREATE, OPENDIR: a descriptor, gone with the server | opens again |
 * | handle-noted | the number that the handle will have, perhaps no more | opens again; the number is anybody's |
 * | backing-opened, handle-added | file handle is recorded, perhaps its backing file | drops that handle, opens again |
 * | removed | UNLINK, RMDIR: the entry is gone | ENOENT means done; the node loses its name |
 * | renamed | RENAME, also exchanging | the old name is no longer the noted inode: done; the nodes get their names |
 * | attribute-changed | SETXATTR, REMOVEXATTR | EEXIST and ENODATA mean done |
 * | mirrored | the mirror has the bytes, not noted | writes them again at their offset; a file opened for appending is compared by size |
 * | mirror-noted | how many the mirror took | does not write them again; captures them |
 * | chunk-begun | an empty chunk, or one with its earlier bytes | an empty one is removed; goes on in a new chunk |
 * | chunk-written | the chunk has the bytes, not noted | its size tells how many: captures the rest |
 * | capture-noted, chunk-ended | they are noted | captures the rest |
 * | handed-over | a slow call (fsync, fallocate, copy) may be under way | repeats it; the bytes of an O_SYNC write are not written again |
 * | handle-removed | RELEASE: the handle is free, or somebody else's by now | does nothing |
 * | served | everything but the reply | as the last line above that applies |
 * | answered | everything | the kernel does not send it again |
 * | (in a slot) | over io_uring the slot has the request, its answer, or both | a request without an answer is served as above; an answer is sent, perhaps for the second time, which the kernel ignores |
 * | start, resumed, resent | another server on its way | the supervisor starts the next; the notes of all are kept |
 *
 * Whatever else is served twice has the same effect twice, because the kernel locks the inode meanwhile: SETATTR, FALLOCATE,
 * IOCTL, and requests that only ask. What is lost: FORGET is never sent again, so that a node may stay known until the
 * unmount; a backing file that was opened and not yet noted stays open as long.
 */
import { Opcode } from '../fuse/opcode.js';
import { MemoryRegion } from '../libc/memory.js';
import type { Node } from '../mirror/node.js';
import { COUNTED_NODES_WORDS, CountedNodes } from './counted-nodes.js';
import { SLOW_NOTES_WORDS, SlowNotes } from './slow-notes.js';

const TWO_32 = 2 ** 32;

/** FUSE_UNIQUE_RESEND, in the high word of `unique`. */
export const RESENT = 0x80000000;

const WORDS = 32;
/**
 * So many servers can die, each in another request, before the notes of the first are overwritten; over io_uring each may leave
 * as many requests as there are slots.
 */
const RECORDS = 4096;
/** Behind them: of writes that are captured while the notes of another request wait. */
const ASIDES = 64;

/** Words of a record. 64-bit values are two, low first; what may be missing is stored + 1. */
const Field = {
  unique: 0,
  opcode: 2,
  /** A node whose lookups were counted up, from what, and whether they were (settled by {@link Intents.restore}). */
  counted: 3,
  countedFrom: 5,
  wasCounted: 6,
  /** The file handle that is made or removed. */
  handle: 7,
  /** Inode that the entry had before, and the nodes that lose and change a name. */
  inode: 8,
  moved: 10,
  replaced: 12,
  /** Bytes that the mirror took + 1. */
  written: 14,
  /** Bytes that are captured; the piece under way: 1 while it is, captured before it, its stream's slot, chunk size before. */
  captured: 15,
  piece: 16,
  pieceBefore: 17,
  pieceSlot: 18,
  pieceBase: 19,
  /** Nothing is left to do. */
  done: 20,
  /** The entry had an inode. */
  hasInode: 21,
  end: 22,
} as const;

/** The word that tells which record is in use, then those aside, slow calls, and nodes counted by one request. */
const CURRENT = RECORDS * WORDS;
const ASIDE_START = CURRENT + WORDS;
const SLOW_START = ASIDE_START + ASIDES * WORDS;
const COUNTED_START = SLOW_START + SLOW_NOTES_WORDS;

/** Bytes of the notes. */
export const INTENTS_SIZE: number = (COUNTED_START + COUNTED_NODES_WORDS) * 4;

/** A piece of a write that a chunk was taking when the server died. */
export interface OpenPiece {
  /** The stream's. */
  readonly slot: number;
  /** Size of the chunk before it. */
  readonly base: number;
  /** @param bytes - of it that the chunk has; undefined where the chunk is gone */
  settle(bytes: number | undefined): void;
}

/** What a dead server has done of a write. */
export interface BegunWrite {
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  /** Bytes that the mirror took; -1 when that is not known. */
  readonly written: number;
  readonly captured: number;
}

export class Intents {
  /** The request was begun by a server that died. */
  isRedo = false;
  private readonly words: Uint32Array;
  private start: number;
  /** Where the notes are that those aside interrupt. */
  private readonly outer: number[] = [];
  private readonly slow: SlowNotes;
  private readonly countedNodes: CountedNodes;

  /** @param region - the last server's, or a new one */
  constructor(readonly region: MemoryRegion = new MemoryRegion(INTENTS_SIZE)) {
    this.words = region.words;
    this.start = (this.get(CURRENT) % RECORDS) * WORDS;
    this.slow = new SlowNotes(this.words.subarray(SLOW_START, COUNTED_START));
    this.countedNodes = new CountedNodes(this.words.subarray(COUNTED_START, COUNTED_START + COUNTED_NODES_WORDS));
  }

  /**
   * Bytes that the mirror has of a write are about to be captured, in the middle of another request perhaps. Until
   * {@link endAside} all notes are about that write.
   */
  beginAside(uniqueLow: number, uniqueHigh: number, written: number, captured: number): void {
    const { words } = this;
    const start = ASIDE_START + Math.min(this.outer.length, ASIDES - 1) * WORDS;
    for (let word = start; word < start + Field.end; word++) words[word] = 0;
    this.putWrite(start, { uniqueLow, uniqueHigh, written, captured });
    this.outer.push(this.start);
    this.start = start;
  }

  /** The write is answered. */
  endAside(): void {
    this.words[this.start] = 0;
    this.words[this.start + 1] = 0;
    this.words[this.start + Field.piece] = 0;
    this.start = this.outer.pop() ?? this.start;
  }

  /** Takes the notes of a dead server's queue thread about a write over, unless there are notes of its owner about it. */
  inherit(begun: BegunWrite): void {
    if (this.recordOf(begun.uniqueLow, begun.uniqueHigh) >= 0) return;
    this.putWrite(this.start, begun);
    this.goOn();
  }

  /** The number comes last: never a number without its notes. */
  private putWrite(record: number, { uniqueLow, uniqueHigh, written, captured }: BegunWrite): void {
    const { words } = this;
    words[record + Field.opcode] = Opcode.WRITE;
    words[record + Field.written] = written + 1;
    words[record + Field.captured] = captured;
    words[record + 1] = uniqueHigh;
    words[record] = uniqueLow;
  }

  /** A request comes. */
  begin(uniqueLow: number, uniqueHigh: number, opcode: number): void {
    const { words, start } = this;
    if (uniqueHigh >= RESENT && this.find(uniqueLow, uniqueHigh - RESENT)) {
      this.isRedo = true;
      return;
    }
    this.isRedo = false;
    // First the old request's notes, then the new one's number: never a number with another's notes.
    for (let word = start + Field.counted; word < start + Field.end; word++) words[word] = 0;
    words[start + Field.opcode] = opcode;
    words[start] = uniqueLow;
    words[start + 1] = uniqueHigh & ~RESENT;
  }

  /** Makes the notes of an earlier server about a request the current ones. */
  private find(low: number, high: number): boolean {
    const { words, start } = this;
    const record = low === 0 && high === 0 ? -1 : this.recordOf(low, high);
    if (record < 0) return false;
    if (record === start) return true;
    words[start] = 0;
    words[start + 1] = 0;
    for (let word = 2; word < Field.end; word++) words[start + word] = this.get(record + word);
    words[start + 1] = high;
    words[start] = low;
    words[record] = 0;
    words[record + 1] = 0;
    return true;
  }

  /** The record with notes about a request; -1 for none. Those aside do not count. */
  private recordOf(low: number, high: number): number {
    const { words } = this;
    for (let record = 0; record < CURRENT; record += WORDS) {
      if (words[record] === low && words[record + 1] === high) return record;
    }
    return -1;
  }

  /** The node's lookups are about to be counted up. */
  count(node: Node, many: boolean): void {
    const { words, start } = this;
    if (many) this.countLast();
    words[start + Field.wasCounted] = 0;
    words[start + Field.counted] = 0;
    words[start + Field.countedFrom] = node.lookups;
    words[start + Field.counted + 1] = Math.floor(node.id / TWO_32);
    words[start + Field.counted] = node.id >>> 0;
  }

  /** Of many nodes that are counted the last one joins the list. */
  private countLast(): void {
    const { start } = this;
    const [idLow, idHigh] = [this.get(start + Field.counted), this.get(start + Field.counted + 1)];
    if (idLow === 0) return;
    // Never in both places: a node whose count is taken back twice is forgotten too early.
    this.setLong(start + Field.counted, 0);
    this.countedNodes.add(this.get(start), this.get(start + 1), idLow, idHigh);
  }

  /** Ids of the nodes that a server had counted up for this request before it died; they are told once. */
  takeCounted(): number[] {
    const { words, start } = this;
    const last = words[start + Field.wasCounted] === 1 ? [this.long(start + Field.counted)] : [];
    words[start + Field.wasCounted] = 0;
    this.setLong(start + Field.counted, 0);
    return [...last, ...this.countedNodes.take(this.get(start), this.get(start + 1))];
  }

  /** The handle that is about to be made or removed; -1 for none. */
  get handle(): number {
    return this.get(this.start + Field.handle) - 1;
  }
  set handle(handle: number) {
    this.words[this.start + Field.handle] = handle + 1;
  }

  /** An earlier server has done all there is to do. */
  get isDone(): boolean {
    return this.words[this.start + Field.done] === 1;
  }

  /** Notes the inode that a name leads to before it changes, and the nodes that lose a name (undefined: not known). */
  noteEntry(inoLow: number, inoHigh: number, moved: Node | undefined, replaced: Node | undefined): void {
    const { words, start } = this;
    words[start + Field.inode] = inoLow;
    words[start + Field.inode + 1] = inoHigh;
    this.setLong(start + Field.moved, moved?.id ?? 0);
    this.setLong(start + Field.replaced, replaced?.id ?? 0);
    words[start + Field.hasInode] = 1;
  }
  /** Whether the name led to this inode when it was noted; undefined when nothing was noted. */
  hadInode(inoLow: number, inoHigh: number): boolean | undefined {
    const { words, start } = this;
    if (words[start + Field.hasInode] !== 1) return undefined;
    return words[start + Field.inode] === inoLow && words[start + Field.inode + 1] === inoHigh;
  }
  /** Ids of the noted nodes; 0 for none. */
  get movedId(): number {
    return this.long(this.start + Field.moved);
  }
  get replacedId(): number {
    return this.long(this.start + Field.replaced);
  }

  /** Bytes that the mirror took; -1 while that is not known. */
  get written(): number {
    return this.get(this.start + Field.written) - 1;
  }
  set written(bytes: number) {
    this.words[this.start + Field.written] = bytes + 1;
  }

  /** Bytes of the write that are captured, or counted as lost. */
  get captured(): number {
    return this.get(this.start + Field.captured);
  }

  /** A chunk of `size` bytes is about to take more. */
  beginPiece(slot: number, size: number): void {
    const { words, start } = this;
    words[start + Field.pieceBefore] = this.get(start + Field.captured);
    words[start + Field.pieceSlot] = slot;
    words[start + Field.pieceBase] = size;
    words[start + Field.piece] = 1;
  }
  /** It took `bytes`, or they are lost, or none where they have to be captured again. */
  endPiece(bytes: number): void {
    const { words, start } = this;
    words[start + Field.captured] = this.get(start + Field.captured) + bytes;
    words[start + Field.piece] = 0;
  }

  /** A slow call answers the request. @param written - by a synchronous write; undefined for all else */
  handOver(written: number | undefined): void {
    this.slow.add(this.get(this.start), this.get(this.start + 1), written);
  }

  /** Bytes that a resent synchronous write has written, mirror and chunk; -1 when there is no such note. */
  writtenBefore(uniqueLow: number, uniqueHigh: number): number {
    return uniqueHigh < RESENT ? -1 : this.slow.writtenBy(uniqueLow, uniqueHigh - RESENT);
  }

  /** Of a server that died: the pieces that it had begun. */
  openPieces(): OpenPiece[] {
    return this.leftRecords()
      .filter((record) => this.words[record + Field.piece] === 1)
      .map((record) => ({
        slot: this.get(record + Field.pieceSlot),
        base: this.get(record + Field.pieceBase),
        settle: (bytes) => this.settlePiece(record, bytes),
      }));
  }

  private settlePiece(record: number, bytes: number | undefined): void {
    const { words } = this;
    // Without a chunk what was noted counts: it may have been sealed, collected and deleted since.
    if (bytes !== undefined) words[record + Field.captured] = this.get(record + Field.pieceBefore) + bytes;
    words[record + Field.piece] = 0;
  }

  /** The records that a dead server may have been writing to. */
  private leftRecords(): number[] {
    return [this.start, ...Array.from({ length: ASIDES }, (_, aside) => ASIDE_START + aside * WORDS)];
  }

  /**
   * Settles what the dead server's memory tells, and leaves its notes for when the request comes again. To be asked once, before
   * any request.
   * @param lookupsOf - of a node, now
   * @param isOpen - whether a handle is recorded
   */
  restore(lookupsOf: (id: number) => number | undefined, isOpen: (handle: number) => boolean): void {
    const { words, start } = this;
    const opcode = this.get(start + Field.opcode);
    const isRelease = opcode === Opcode.RELEASE || opcode === Opcode.RELEASEDIR;
    const counted = this.long(start + Field.counted);
    if (counted !== 0 && lookupsOf(counted) === this.get(start + Field.countedFrom) + 1)
      words[start + Field.wasCounted] = 1;
    if (this.handle >= 0 && !isOpen(this.handle)) {
      // A free number. When the request comes again it may be another's handle.
      if (isRelease) words[start + Field.done] = 1;
      else this.handle = -1;
    }
    this.countedNodes.restore();
    this.goOn();
    this.restoreAsides();
  }

  /** The current notes stay as they are, and others begin. */
  private goOn(): void {
    const { words } = this;
    const next = (this.start / WORDS + 1) % RECORDS;
    for (let word = 0; word < Field.end; word++) words[next * WORDS + word] = 0;
    words[CURRENT] = next;
    this.start = next * WORDS;
  }

  private restoreAsides(): void {
    const { words } = this;
    for (const record of this.leftRecords().slice(1)) {
      const [uniqueLow, uniqueHigh] = [this.get(record), this.get(record + 1)];
      const [written, captured] = [this.get(record + Field.written) - 1, this.get(record + Field.captured)];
      if (uniqueLow !== 0 || uniqueHigh !== 0) this.inherit({ uniqueLow, uniqueHigh, written, captured });
      words[record] = 0;
      words[record + 1] = 0;
    }
  }

  /** Numbers of the requests that may not be answered yet, low and high word. */
  *unanswered(): Generator<readonly [low: number, high: number]> {
    for (let record = 0; record < RECORDS * WORDS; record += WORDS) yield [this.get(record), this.get(record + 1)];
    yield* this.slow.numbers();
  }

  private long(index: number): number {
    return this.get(index) + this.get(index + 1) * TWO_32;
  }

  private setLong(index: number, value: number): void {
    this.words[index] = value >>> 0;
    this.words[index + 1] = Math.floor(value / TWO_32);
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}
