/**
 * The captured bytes of one path, in the order in which they were written.
 *
 * Guarantees: every byte that `append` is given goes to exactly one chunk, after all earlier ones, or is counted as lost.
 * A chunk is never appended to once a newer one of the stream exists. A new one starts when the current one exceeds the
 * chunk size and ends with a newline, after 4 × that without one, after it was idle, and after somebody deleted it.
 * A failure here never reaches the writer. Bytes for which the log cache has no room are a loss like any other.
 *
 * Does not: buffer. What was appended has been written to the chunk file (not synced) when `append` returns.
 */
import { lastErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import type { MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import type { Chunk } from './chunk.js';
import { streamId } from './chunk-name.js';
import type { ChunkStore } from './chunk-store.js';
import type { Losses } from './losses.js';
import { countNewlines } from './newlines.js';
import type { StreamProvenance } from './stream-provenance.js';
import type { StreamSlots } from './stream-slots.js';
import { type UnsyncedCapture, UnsyncedChunks } from './unsynced-chunks.js';

const NEWLINE = 0x0a;

/** How far the capture of a write is (see `src/recovery/intents.ts`). */
export interface CaptureProgress {
  /** The live chunk of a stream's slot, of `size` bytes, is about to take more. */
  beginPiece(slot: number, size: number): void;
  /** It took so many, or they are counted as lost. */
  endPiece(bytes: number): void;
}

export class Stream {
  /** Open handles whose writes come here. */
  handles = 0;
  private readonly id: string;
  private chunk: Chunk | undefined;
  private idleSince = 0;
  /** Bytes were lost behind the live chunk: it ends before there are more. */
  private hasGap = false;
  /** Errno of the last write that was not stored. */
  private lastFailure = 0;
  private readonly unsynced: UnsyncedChunks;

  /**
   * @param path - full path of the tracked file (latin1, one character a byte)
   * @param slot - where other threads find its live chunk
   * @param hasUnsyncedPast - an earlier stream of the path may have left chunks that are not on disk
   * @param provenance - records who writes what; undefined for nothing of that kind
   * @param progress - told of each piece of a write, for the server that goes on if this one dies
   */
  constructor(
    readonly path: string,
    readonly slot: number,
    private readonly slots: StreamSlots,
    private readonly store: ChunkStore,
    private readonly losses: Losses,
    hasUnsyncedPast = false,
    private readonly provenance?: StreamProvenance,
    private readonly progress: CaptureProgress | undefined = undefined,
  ) {
    this.id = streamId(path);
    store.room.names.remember(this.id, path);
    this.unsynced = new UnsyncedChunks(path, store, hasUnsyncedPast);
  }

  /**
   * Captures `length` bytes of `region` from `start` on.
   * @param isLocked - the slot's lock comes with the bytes: another thread has captured what is before them
   */
  append(region: MemoryRegion, start: number, length: number, isLocked = false): void {
    if (!isLocked) this.slots.lock(this.slot);
    this.write(region, start, length);
    this.slots.unlock(this.slot);
  }

  private write(region: MemoryRegion, start: number, length: number): void {
    const { room } = this.store;
    if (!room.take(length)) {
      this.lose(Errno.ENOSPC, region.bytes, start, length);
      this.leaveGap();
      return;
    }
    if (this.hasGap) this.endChunk();
    const done = this.writeChunks(region, start, length);
    if (done === length) return;
    room.give(length - done);
    this.lose(this.lastFailure, region.bytes, start + done, length - done);
    this.endChunk();
  }

  /** @returns how many bytes were stored; if not all, {@link lastFailure} says why not */
  private writeChunks(region: MemoryRegion, start: number, length: number): number {
    let done = 0;
    let hasMadeRoom = false;
    while (done < length) {
      const chunk = this.liveChunk();
      if (typeof chunk === 'number') {
        if (!hasMadeRoom && this.makesRoom(-chunk, length - done)) {
          hasMadeRoom = true;
          continue;
        }
        this.lastFailure = -chunk;
        return done;
      }
      const cut = this.cutPoint(region.bytes, start + done, length - done);
      const wanted = cut === 0 ? length - done : cut;
      this.provenance?.note(this.slots.size(this.slot));
      this.progress?.beginPiece(this.slot, this.slots.size(this.slot));
      const written = chunk.write(region.address + start + done, wanted);
      crashAt?.('chunk-written');
      if (written < 0) {
        this.lastFailure = lastErrno();
        this.progress?.endPiece(0);
        if (this.lastFailure === Errno.EINTR) continue;
        if (!hasMadeRoom && this.makesRoom(this.lastFailure, length - done)) {
          hasMadeRoom = true;
          continue;
        }
        this.store.failed(this.lastFailure);
        return done;
      }
      // Asked after the write, not before: what went to a file that nobody can find any more goes to the next chunk.
      if (!chunk.isLinked()) {
        this.progress?.endPiece(0);
        this.abandon(chunk);
        continue;
      }
      this.progress?.endPiece(written);
      crashAt?.('capture-noted');
      this.slots.grow(this.slot, written);
      this.slots.countLines(this.slot, region, start + done, written);
      done += written;
      if (written === cut) this.endChunk();
      crashAt?.('chunk-ended');
    }
    return done;
  }

  /** Whether something gave way: older chunks on a full disk, another live one where there are no descriptors. */
  private makesRoom(errno: number, bytes: number): boolean {
    if (errno === Errno.ENOSPC) return this.store.makeRoomOnDisk(bytes);
    return (errno === Errno.EMFILE || errno === Errno.ENFILE) && this.store.freeDescriptor();
  }

  /** The chunk that takes the next byte, begun if need be; or a negated errno. */
  private liveChunk(): Chunk | number {
    if (this.chunk !== undefined) return this.chunk;
    const chunk = this.store.create(this.id);
    if (typeof chunk === 'number') return chunk;
    this.chunk = chunk;
    this.slots.beginChunk(this.slot, chunk.fd, chunk.ticks);
    this.provenance?.begin(chunk.path);
    crashAt?.('chunk-begun');
    this.unsynced.begun();
    return chunk;
  }

  /**
   * How many of the bytes end the chunk; 0 when it goes on. Looks for a newline only in what lies beyond the chunk size,
   * and from the end, so that a large write that ends with one stays in one piece.
   */
  private cutPoint(bytes: Buffer, start: number, length: number): number {
    const { chunkSize, hardLimit } = this.store;
    const size = this.slots.size(this.slot);
    if (size + length <= chunkSize) return 0;
    const window = Math.min(length, hardLimit - size);
    const earliest = start + Math.max(0, chunkSize - size);
    const newline = bytes.lastIndexOf(NEWLINE, start + window - 1);
    if (newline >= earliest) return newline + 1 - start;
    return size + window === hardLimit ? window : 0;
  }

  /** Somebody deleted the live chunk. */
  private abandon(chunk: Chunk): void {
    this.store.abandon(chunk, this.slots.size(this.slot));
    this.provenance?.remove();
    this.forgetChunk();
  }

  private forgetChunk(): void {
    this.chunk = undefined;
    this.hasGap = false;
    this.slots.endChunk(this.slot);
  }

  private lose(errno: number, bytes: Buffer, start: number, length: number): void {
    this.losses.add(this.path, errno, length, countNewlines(bytes, start, length));
    // Not to be captured, nor counted, by the next server.
    this.progress?.endPiece(length);
  }

  /**
   * There is no room. The chunk gets no more bytes, so that the gap lies between two chunks; but it stays alive, so that it is not
   * itself the next to give way.
   */
  private leaveGap(): void {
    this.hasGap = this.chunk !== undefined;
    this.slots.endChunk(this.slot);
  }

  /** Ends the live chunk, if there is one. */
  seal(): void {
    this.slots.lock(this.slot);
    this.endChunk();
    this.slots.unlock(this.slot);
  }

  /**
   * Gives back its descriptors, unless somebody is writing just now: a later write begins a new chunk. Waits for nobody.
   * @returns whether it had any
   */
  giveDescriptors(): boolean {
    if (this.chunk === undefined && !this.unsynced.hasKept) return false;
    if (!this.slots.tryLock(this.slot)) return false;
    this.endChunk();
    this.unsynced.letGo();
    this.slots.unlock(this.slot);
    return true;
  }

  private endChunk(): void {
    const { chunk } = this;
    if (chunk === undefined) return;
    const size = this.slots.size(this.slot);
    if (size > 0) {
      this.unsynced.ended(chunk);
      this.provenance?.end();
      this.store.end(chunk, size);
    } else {
      this.store.discard(chunk);
      this.provenance?.remove();
    }
    this.forgetChunk();
  }

  /**
   * Seals a chunk that has been idle for long enough. @param now - milliseconds of a clock that does not step back
   * @returns whether the stream has nothing open any more
   */
  sealIfIdle(now: number, sealMilliseconds: number): boolean {
    if (this.chunk === undefined) return this.handles === 0;
    if (this.slots.takeActive(this.slot)) {
      this.idleSince = now;
      this.provenance?.collect();
    } else if (now - this.idleSince >= sealMilliseconds) {
      this.seal();
    }
    return false;
  }

  /** What to sync so that everything captured so far is durable; undefined when there is nothing. */
  takeUnsynced(): UnsyncedCapture | undefined {
    return this.unsynced.take(this.chunk);
  }

  /** A sync of what {@link takeUnsynced} named has failed. */
  syncFailed(): void {
    this.unsynced.failed();
  }

  /** Ends the stream: seals its chunk and closes all that is open. @returns whether it leaves chunks that were never synced */
  end(): boolean {
    this.seal();
    const { hasEndedChunks } = this.unsynced;
    this.unsynced.release();
    return hasEndedChunks;
  }
}
