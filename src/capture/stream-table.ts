/**
 * Which open file is captured into which stream.
 *
 * Guarantees: decided once per open, by the path that it was opened under, and again for all open files when the patterns
 * change; asked per write by one array access. Everyone who writes to a path joins the same stream, until the path is idle
 * and closed. Writes of rotation tools and to compressed files are not captured.
 */
import { Errno } from '../libc/errno.js';
import type { MemoryRegion } from '../libc/memory.js';
import type { StreamEvent } from './capture-news.js';
import type { ChunkStore } from './chunk-store.js';
import type { Losses } from './losses.js';
import { PathMemory } from './path-memory.js';
import type { PatternSet } from './pattern-set.js';
import { ProcReader } from './proc-reader.js';
import type { Provenance } from './provenance.js';
import { isCompressedName, type SkippedWriters } from './skipped-writers.js';
import { type CaptureProgress, Stream } from './stream.js';
import { StreamSlots } from './stream-slots.js';

/** Longest time of a piece of housekeeping, and how long after its beginning the next one begins. */
const HOUSEKEEPING_MS = 10;
export const HOUSEKEEPING_PAUSE_MS = 20;
/** How long requests wait for patterns that are applied to open files. */
const PATTERNS_MS = 2;

/** A file opened for writing. */
export interface WrittenFile {
  /** Paths beneath the mountpoint that it may have been opened by (latin1, with a leading slash), the likeliest first. */
  readonly paths: readonly string[];
  /** Thread id of the process that opened it. */
  readonly pid: number;
}

export interface StreamTableOptions {
  readonly mountpoint: string;
  readonly sealMilliseconds: number;
  readonly skippedWriters: SkippedWriters;
}

export class StreamTable {
  private readonly bySlot: (Stream | undefined)[] = [];
  private readonly byPath = new Map<string, Stream>();
  /** Handles of tracked files, and whether they belong to a rotation tool. */
  private readonly skipped = new Map<number, boolean>();
  private readonly proc = new ProcReader();
  private readonly unsyncedPasts = new PathMemory();
  private events: StreamEvent[] = [];
  /** Open files that new patterns have not been applied to. */
  private undecided: Iterator<readonly [handle: number, file: WrittenFile]> | undefined;
  /** What the round of housekeeping that is under way has not come to. */
  private unvisited: Iterator<readonly [path: string, stream: Stream]> | undefined;
  private readonly mountpoint: string;

  constructor(
    private patterns: PatternSet,
    private readonly store: ChunkStore,
    private readonly losses: Losses,
    private readonly options: StreamTableOptions,
    readonly slots: StreamSlots = new StreamSlots(),
    private readonly provenance?: Provenance,
    private readonly progress: CaptureProgress | undefined = undefined,
  ) {
    // One character a byte, like every path here.
    const mountpoint = Buffer.from(options.mountpoint).toString('latin1');
    this.mountpoint = mountpoint === '/' ? '' : mountpoint;
    store.freeDescriptor = () => this.endAny();
  }

  /** The stream that captures the handle's writes, if any does. */
  ofHandle(handle: number): Stream | undefined {
    const slot = this.slots.ofHandle(handle);
    return slot < 0 ? undefined : this.bySlot[slot];
  }

  /** Whether the handle's writes are captured. */
  tracks(handle: number): boolean {
    return this.slots.ofHandle(handle) >= 0;
  }

  /**
   * Decides about a handle that is open for writing. Other threads write through it meanwhile: one that stays tracked is
   * linked to its stream at every moment.
   */
  attach(handle: number, file: WrittenFile): void {
    const before = this.ofHandle(handle);
    const path = this.trackedPath(file);
    const stream = path === undefined || this.isSkipped(handle, file) ? undefined : this.streamOf(path);
    if (stream !== undefined) stream.handles++;
    this.slots.link(handle, stream?.slot ?? -1);
    if (before !== undefined) before.handles--;
  }

  /** Whether a handle is a rotation tool's, as was decided when it was opened; undefined where nobody had to know. */
  isRotation(handle: number): boolean | undefined {
    return this.skipped.get(handle);
  }

  /**
   * Takes over from the last server: the streams that it left, and which handles they capture. Their chunks are sealed.
   * @param rotation - as {@link isRotation} said there, of each handle that is open for writing
   */
  restore(rotation: Iterable<readonly [handle: number, isRotation: boolean | undefined]>): void {
    // Its last chunks may not be on disk.
    for (const { slot, path } of this.slots.restore()) this.makeStream(path, slot, true);
    for (const [handle, isRotation] of rotation) {
      if (isRotation !== undefined) this.skipped.set(handle, isRotation);
      const stream = this.ofHandle(handle);
      if (stream === undefined) this.slots.link(handle, -1);
      else stream.handles++;
    }
  }

  /** The handle is closed. */
  release(handle: number): void {
    const stream = this.ofHandle(handle);
    if (stream !== undefined) stream.handles--;
    this.slots.link(handle, -1);
    this.skipped.delete(handle);
  }

  /** Puts new patterns into force; for files that are open already {@link applyPatterns} does. */
  usePatterns(patterns: PatternSet, openFiles: Iterable<readonly [handle: number, file: WrittenFile]>): void {
    this.patterns = patterns;
    this.undecided = openFiles[Symbol.iterator]();
  }

  /**
   * Decides about open files anew, which takes a while where there are thousands.
   * @returns whether all are decided
   */
  applyPatterns(milliseconds = PATTERNS_MS): boolean {
    const end = performance.now() + milliseconds;
    while (this.undecided !== undefined) {
      const { done, value } = this.undecided.next();
      if (done) this.undecided = undefined;
      else this.attach(...value);
      if (performance.now() > end) break;
    }
    return this.undecided === undefined;
  }

  /**
   * Asks for room for a write before the mirror takes it, where `full=fail` wants that; {@link settle} follows.
   * @returns 0, or a negated errno for the writer
   */
  admit(handle: number, length: number): number {
    const stream = this.ofHandle(handle);
    if (stream === undefined || !this.store.room.refusesWrites) return 0;
    const paused = this.store.pausedBy;
    if (paused === 0 && this.store.room.admit(length)) return 0;
    this.losses.addRefused(stream.path);
    return paused === 0 ? -Errno.ENOSPC : -paused;
  }

  /** Room for so many bytes comes with the next write; {@link settle} follows. @returns what to pass to it */
  bringRoom(length: number): number {
    return this.store.room.bring(length);
  }

  /** The write is done, whatever came of it. @param aside - room of a write that waits meanwhile */
  settle(aside = 0): void {
    this.store.room.settle(aside);
  }

  /** Captures bytes that are written through `handle`; does nothing for one that is not tracked. */
  append(handle: number, region: MemoryRegion, start: number, length: number): void {
    this.ofHandle(handle)?.append(region, start, length);
  }

  /** The same for bytes that come with the lock of their stream's slot. */
  appendLocked(slot: number, region: MemoryRegion, start: number, length: number): void {
    this.bySlot[slot]?.append(region, start, length, true);
  }

  /** Captured bytes of the path could not be made durable: the next sync has to try again. */
  syncFailed(path: string): void {
    const stream = this.byPath.get(path);
    if (stream === undefined) this.unsyncedPasts.add(path);
    else stream.syncFailed();
  }

  /**
   * Seals idle chunks and lets go of streams that nobody writes to, for a while: thousands may become idle together.
   * @param now - milliseconds, monotonic
   * @returns whether it came to all of them
   */
  housekeep(now: number): boolean {
    const end = performance.now() + HOUSEKEEPING_MS;
    this.unvisited ??= this.byPath.entries();
    while (this.unvisited !== undefined) {
      const { done, value } = this.unvisited.next();
      if (done) this.unvisited = undefined;
      else if (value[1].sealIfIdle(now, this.options.sealMilliseconds)) this.remove(...value);
      if (performance.now() > end) break;
    }
    this.store.housekeep(this.byPath.size > 0);
    return this.unvisited === undefined;
  }

  /** Descriptors that chunks hold. */
  get descriptors(): number {
    return this.store.descriptors;
  }

  /**
   * Ends chunks where they hold more than `allowed` descriptors, so that files can be opened: what is written to them later
   * goes to new ones. Of any streams, not of those that were idle for longest: of writers that take turns these are the next.
   */
  trim(allowed: number): void {
    while (this.store.descriptors > allowed && this.endAny()) {}
  }

  private endAny(): boolean {
    const { bySlot } = this;
    const start = Math.floor(Math.random() * bySlot.length);
    for (let looked = 0; looked < bySlot.length; looked++) {
      if (bySlot[(start + looked) % bySlot.length]?.giveDescriptors()) return true;
    }
    return false;
  }

  private remove(path: string, stream: Stream): void {
    if (stream.end()) this.unsyncedPasts.add(path);
    this.byPath.delete(path);
    this.bySlot[stream.slot] = undefined;
    this.events.push({ kind: 'ended', path, slot: stream.slot, counts: this.slots.countsOf(stream.slot) });
    this.slots.give(stream.slot);
  }

  /** Streams that have begun and ended since this was last asked, in that order. */
  takeEvents(): readonly StreamEvent[] {
    const { events } = this;
    if (events.length > 0) this.events = [];
    return events;
  }

  /** Whether there is nothing for {@link housekeep} to do until the next write. */
  get isIdle(): boolean {
    return this.byPath.size === 0 && this.store.isIdle;
  }

  /** Ends every live chunk; for the end of the server. */
  endAll(): void {
    for (const stream of this.byPath.values()) stream.end();
    this.store.close();
  }

  private streamOf(path: string): Stream {
    const known = this.byPath.get(path);
    if (known !== undefined) return known;
    return this.makeStream(path, this.slots.take(path), this.unsyncedPasts.take(path));
  }

  private makeStream(path: string, slot: number, hasUnsyncedPast: boolean): Stream {
    const { slots, store, losses, progress } = this;
    const provenance = this.provenance?.ofStream(path, slot, slots);
    const stream = new Stream(path, slot, slots, store, losses, hasUnsyncedPast, provenance, progress);
    this.byPath.set(path, stream);
    this.bySlot[slot] = stream;
    this.events.push({ kind: 'begun', path, slot });
    return stream;
  }

  /** The full path that the file is captured under: the first of its names that a pattern matches. */
  private trackedPath({ paths }: WrittenFile): string | undefined {
    return paths.map((path) => this.mountpoint + path).find((path) => this.isTracked(path));
  }

  /** Decided once for a handle: later its process may have another name, or be another process. */
  private isSkipped(handle: number, { pid }: WrittenFile): boolean {
    let skipped = this.skipped.get(handle);
    if (skipped === undefined) {
      skipped = this.options.skippedWriters.skips(this.proc.commandName(pid) ?? '');
      this.skipped.set(handle, skipped);
    }
    return skipped;
  }

  private isTracked(path: string): boolean {
    // Patterns are text; a name that is not UTF-8 is matched by what it looks like.
    return !isCompressedName(path) && this.patterns.tracks(Buffer.from(path, 'latin1').toString('utf8'));
  }
}
