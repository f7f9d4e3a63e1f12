/**
 * Which of a stream's chunks may not be on disk yet.
 *
 * Guarantees: what {@link take} names, once synced, makes every byte durable that the stream captured before. A stream
 * whose file is never synced costs no descriptors; of one that is, a few ended chunks are kept open for the next sync, and
 * where there are more (or none were kept, at the first sync) the whole file system has to be synced.
 */
import { closeSync } from 'node:fs';
import type { Chunk } from './chunk.js';
import type { ChunkStore } from './chunk-store.js';

/** What to sync. */
export interface UnsyncedCapture {
  /** Full path of the tracked file: syncs of one stream must be done one after the other. */
  readonly path: string;
  /** Descriptors of chunks and of their folder; closed by whoever syncs them. */
  readonly fds: readonly number[];
  /** The whole file system that holds the first of them has to be synced. */
  readonly wholeFileSystem: boolean;
  /** Something has no descriptor here, as there were none left: it is not durable until the next sync. */
  readonly isPartial: boolean;
}

/** Most ended chunks that are kept open: 2 MB of log between two syncs, with chunks of the usual size. */
const MAX_KEPT = 4;

export class UnsyncedChunks {
  private kept: number[] = [];
  private hasNewName = false;
  /** Whether the stream's file was ever synced: then it will be again. */
  private isSyncedFile = false;

  /**
   * @param path - full path of the tracked file
   * @param needsWholeSync - there are earlier chunks of the path that may not be on disk
   */
  constructor(
    private readonly path: string,
    private readonly store: ChunkStore,
    private needsWholeSync: boolean,
  ) {}

  /** Whether something was captured that no sync has covered. */
  get hasEndedChunks(): boolean {
    return this.needsWholeSync || this.kept.length > 0;
  }

  /** Whether descriptors are kept for the next sync. */
  get hasKept(): boolean {
    return this.kept.length > 0;
  }

  /** A sync failed: the next one has to cover everything again. */
  failed(): void {
    this.needsWholeSync = true;
  }

  /** A chunk was created: its name is not on disk. */
  begun(): void {
    this.hasNewName = true;
  }

  /** The chunk gets no more bytes, and is about to be closed. */
  ended(chunk: Chunk): void {
    const fd = this.isSyncedFile && this.kept.length < MAX_KEPT ? chunk.duplicate() : -1;
    if (fd < 0) {
      this.needsWholeSync = true;
      return;
    }
    this.kept.push(fd);
    this.store.descriptors++;
  }

  /** There are too few descriptors: keeps none, so that the next sync takes longer. */
  letGo(): void {
    if (this.kept.length > 0) this.needsWholeSync = true;
    this.release();
  }

  /** @param live - the chunk that is being written, if there is one */
  take(live: Chunk | undefined): UnsyncedCapture | undefined {
    this.isSyncedFile = true;
    const fds = this.kept;
    this.kept = [];
    this.store.descriptors -= fds.length;
    const wholeFileSystem = this.needsWholeSync;
    if (live !== undefined) fds.push(live.duplicate());
    if (this.hasNewName || wholeFileSystem) fds.push(this.store.openFolder());
    this.hasNewName = false;
    this.needsWholeSync = false;
    const open = fds.filter((fd) => fd >= 0);
    const isPartial = wholeFileSystem ? open.length === 0 : open.length < fds.length;
    if (isPartial) this.needsWholeSync = true;
    return fds.length === 0 ? undefined : { path: this.path, fds: open, wholeFileSystem, isPartial };
  }

  /** Lets go of everything; for a stream that ends. */
  release(): void {
    this.store.descriptors -= this.kept.length;
    for (const fd of this.kept.splice(0)) closeSync(fd);
  }
}
