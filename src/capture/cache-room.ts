/**
 * Room in the log cache: how many bytes may still be captured, and what gives way to them.
 *
 * Guarantees: chunks hold no more than `maxcache=` bytes together, whoever captures: what is granted to the threads
 * ({@link ByteCredit}) counts as used until it is taken back. Capture ends, or makes room, before it leaves less than `minfree=`
 * of the file system; that is looked at once a second, and closely when it comes near, and estimated in between, so another
 * program that fills the disk faster is noticed late. With `full=drop-oldest` sealed chunks are dropped, the oldest first over all streams, and counted as losses;
 * live chunks never are. Dropping takes 10 ms at a time, however much is to go, so that nobody waits for it; in the pause behind it
 * each write that finds no room drops one chunk, so that where one is enough no line is lost.
 *
 * Used by the owner of the streams alone. Does not hold the chunks' bytes back from being counted twice for a moment, when a
 * collector has deleted a chunk and {@link SealedChunks} has not noticed yet.
 */
import { join } from 'node:path';
import type { CacheLimits } from '../config/cache-limits.js';
import { ByteCredit } from './byte-credit.js';
import { isGone, removeChunk } from './chunk-removal.js';
import { type Space, spaceAt } from './free-space.js';
import type { Losses } from './losses.js';
import type { SealedChunks } from './sealed-chunks.js';
import { StreamNames } from './stream-names.js';

/** Most bytes that are granted at a time. */
const MAX_CREDIT = 1 << 26;
/** With `full=fail` a file system is kept from filling up to the last block: what metadata needs is not known. */
const FAIL_MARGIN = 1 << 16;
/** …and below so much room the file system is asked each time. */
const FAIL_LOOKS_BELOW = 1 << 26;

/** How often the file system is asked; and how often before anything is dropped because of what it said, or what came since. */
const LOOK_MS = 1000;
const CLOSE_LOOK_MS = 20;
const CLOSE_LOOK_BYTES = 1 << 20;
/** Between two pieces of a large folder. */
const PIECE_MS = 100;
/** Longest time to drop chunks in one go, and the pause behind it. */
const DROP_MS = 10;
const DROP_PAUSE_MS = 50;
/** Below this part of the limit, chunks that somebody has deleted are worth looking for. */
const NEARLY_FULL = 0.1;

export interface CacheRoomOptions {
  /** Absolute path of `logs/`. */
  readonly logs: string;
  readonly limits: CacheLimits;
  /** Whether the mirror takes its bytes from the same file system: then each captured byte costs two. */
  readonly sharesMirrorSpace: boolean;
  /** Milliseconds, monotonic; replaced in tests. */
  readonly now?: () => number;
  /** Replaced in tests. */
  readonly space?: () => Space | undefined;
}

export class CacheRoom {
  readonly names = new StreamNames();
  /** Bytes in chunks, and those that are granted. */
  private charged: number;
  /** Of these, how many since the last look at the file system; what was dropped since is taken off. */
  private sinceLook = 0;
  private space: Space | undefined;
  private nextLook = Number.NEGATIVE_INFINITY;
  private nextPiece = Number.NEGATIVE_INFINITY;
  private nextDrop = Number.NEGATIVE_INFINITY;
  /** Bytes that were taken for the write that is being served. */
  private admitted = 0;
  private readonly now: () => number;

  constructor(
    private readonly options: CacheRoomOptions,
    readonly sealed: SealedChunks,
    private readonly losses: Losses,
    private readonly credit: ByteCredit = new ByteCredit(),
  ) {
    this.now = options.now ?? (() => performance.now());
    this.charged = sealed.bytes;
  }

  /** Whether a write for which there is no room has to be refused before the mirror takes it. */
  get refusesWrites(): boolean {
    return this.options.limits.whenFull === 'fail';
  }

  /** Takes room for bytes that are about to be captured. @returns false when there is none: nothing was taken */
  take(bytes: number): boolean {
    if (this.admitted >= bytes) {
      this.admitted -= bytes;
      return true;
    }
    return this.credit.tryTake(bytes) || this.refill(bytes);
  }

  /** Gives back what was taken in vain. */
  give(bytes: number): void {
    this.credit.give(bytes);
  }

  /** Takes room for a write before the mirror has it; {@link settle} follows. @returns whether there is any */
  admit(bytes: number): boolean {
    if (!this.take(bytes)) return false;
    this.admitted = bytes;
    return true;
  }

  /**
   * Room for so many bytes comes with the write, from the thread that took it; {@link settle} follows.
   * @returns what another write has that waits meanwhile, for {@link settle}
   */
  bring(bytes: number): number {
    const aside = this.admitted;
    this.admitted = bytes;
    return aside;
  }

  /** The write is done: what it did not need is given back. @param aside - of the write that goes on now */
  settle(aside = 0): void {
    this.credit.give(this.admitted);
    this.admitted = aside;
  }

  /** Somebody has deleted a live chunk. */
  abandoned(bytes: number): void {
    this.charged -= bytes;
  }

  /** The file system says that it is full. @returns whether something was dropped, so that it is worth trying again */
  makeRoomOnDisk(bytes: number): boolean {
    this.nextLook = Number.NEGATIVE_INFINITY;
    if (this.options.limits.whenFull !== 'drop-oldest') return false;
    const before = this.sealed.bytes;
    return this.dropWhile(() => before - this.sealed.bytes < bytes, DROP_MS) > 0;
  }

  /** Looks at what others have done to the disk and the chunks. @param hasStreams - somebody may write soon */
  housekeep(hasStreams: boolean): void {
    const now = this.now();
    this.takeBack();
    this.lookAtSpace(now);
    if (this.room() < 0) this.makeRoom(0, now);
    const { maxCacheBytes } = this.options.limits;
    const isNearlyFull = maxCacheBytes > 0 && maxCacheBytes - this.charged < NEARLY_FULL * maxCacheBytes;
    if (isNearlyFull || this.sealed.isLooking || this.sealed.hasGrown) this.lookForDeleted(now);
    if (hasStreams) this.grant(this.room());
  }

  /** Whether there is more in the cache than may be, which {@link housekeep} goes on to drop. */
  get isOverfull(): boolean {
    return this.options.limits.whenFull === 'drop-oldest' && this.sealed.count > 0 && this.room() < 0;
  }

  /** Lets go of everything. */
  close(): void {
    this.sealed.close();
  }

  /** There was not enough credit. */
  private refill(bytes: number): boolean {
    const now = this.now();
    this.takeBack();
    if (this.isSpaceDue(now, bytes)) this.lookAtSpace(now);
    if (this.room() < bytes) this.makeRoom(bytes, now);
    const room = this.room();
    const isEnough = room >= bytes;
    if (isEnough) this.charge(bytes);
    this.grant(isEnough ? room - bytes : room);
    return isEnough;
  }

  private makeRoom(bytes: number, now: number): void {
    this.lookForDeleted(now);
    if (this.options.limits.whenFull !== 'drop-oldest') return;
    // Not even without them all.
    if (this.roomInCache() + this.sealed.bytes < bytes) return;
    if (this.roomOnDisk() + this.onDisk(this.sealed.bytes) < bytes) return;
    this.dropWhile(() => this.room() < bytes, now < this.nextDrop ? 0 : DROP_MS);
  }

  /**
   * @param milliseconds - how long to go on; 0 for one chunk
   * @returns how many were dropped
   */
  private dropWhile(isWanted: () => boolean, milliseconds: number): number {
    const end = this.now() + milliseconds;
    let dropped = 0;
    while (isWanted()) {
      const name = this.sealed.nextOldest();
      if (name === undefined) break;
      if (this.drop(name)) dropped++;
      if (this.now() < end) continue;
      if (milliseconds > 0 && isWanted()) this.nextDrop = end + DROP_PAUSE_MS;
      break;
    }
    return dropped;
  }

  private drop(name: string): boolean {
    const lines = removeChunk(join(this.options.logs, name));
    if (lines < 0 && !isGone(lines)) return false;
    const bytes = this.sealed.remove(name);
    this.charged -= bytes;
    if (lines < 0) return false;
    this.sinceLook -= this.onDisk(bytes);
    const [stream = ''] = name.split('.', 1);
    this.losses.addDropped(stream, this.names.pathOf(stream), name, bytes, lines);
    return true;
  }

  /** A dropped chunk frees what it took, and not what the mirror took. */
  private onDisk(bytes: number): number {
    return bytes / this.cost;
  }

  private get cost(): number {
    return this.options.sharesMirrorSpace ? 2 : 1;
  }

  /** Bytes that may be captured; less than none where others have taken too much. */
  private room(): number {
    return Math.floor(Math.min(this.roomInCache(), this.roomOnDisk()));
  }

  private roomInCache(): number {
    const { maxCacheBytes } = this.options.limits;
    return maxCacheBytes === 0 ? Number.POSITIVE_INFINITY : maxCacheBytes - this.charged;
  }

  private roomOnDisk(): number {
    if (!this.watchesSpace || this.space === undefined) return Number.POSITIVE_INFINITY;
    const { amount, unit } = this.options.limits.minFree;
    const floor = unit === '%' ? (this.space.size * amount) / 100 : amount;
    const margin = this.refusesWrites ? FAIL_MARGIN : 0;
    return (this.space.available - floor - margin) / this.cost - this.sinceLook;
  }

  private get watchesSpace(): boolean {
    return this.options.limits.minFree.amount > 0 || this.refusesWrites;
  }

  /** @param bytes - wanted: what the file system has no room for it may have by now */
  private isSpaceDue(now: number, bytes: number): boolean {
    if (now >= this.nextLook) return true;
    const room = this.roomOnDisk();
    if (this.refusesWrites) return room < FAIL_LOOKS_BELOW;
    return room < bytes && (now >= this.nextLook - LOOK_MS + CLOSE_LOOK_MS || this.sinceLook > CLOSE_LOOK_BYTES);
  }

  /** Only with nothing granted: what the threads have not written yet is not on the disk. */
  private lookAtSpace(now: number): void {
    if (!this.watchesSpace) return;
    this.nextLook = now + LOOK_MS;
    this.space = this.options.space === undefined ? spaceAt(this.options.logs) : this.options.space();
    this.sinceLook = 0;
  }

  private lookForDeleted(now: number): void {
    if (now < this.nextPiece) return;
    this.charged -= this.sealed.look();
    this.nextPiece = now + (this.sealed.isLooking ? PIECE_MS : LOOK_MS);
  }

  /** @param room - bytes of which a part, or all, is granted to the threads */
  private grant(room: number): void {
    const share = this.refusesWrites ? Math.floor(room / 8) : room;
    const bytes = Math.min(MAX_CREDIT, share);
    if (bytes <= 0) return;
    this.charge(bytes);
    this.credit.give(bytes);
  }

  private takeBack(): void {
    this.charge(-this.credit.reclaim());
  }

  private charge(bytes: number): void {
    this.charged += bytes;
    this.sinceLook += bytes;
  }
}
