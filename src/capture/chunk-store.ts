/**
 * The folder `logs/`: making chunk files in it.
 *
 * Guarantees: a new chunk's name is later than every earlier one's; the file is new (O_EXCL), readable by no one but root
 * and, with `group=`, by that group. A `logs/` that was removed is made again. Failures are errnos, never exceptions. After one
 * that says that the disk is full no chunk is made for a second: the next would fail as well, and take time. A chunk
 * that could not be marked as sealed is tried again each second.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { orErrno } from '../libc/calls.js';
import { Errno, errnoOf } from '../libc/errno.js';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { makeCacheFolder, setFileAccess } from './cache-access.js';
import type { CacheRoom } from './cache-room.js';
import { open, uninterrupted } from './capture-calls.js';
import { Chunk } from './chunk.js';
import type { ChunkClock } from './chunk-clock.js';
import { chunkName } from './chunk-name.js';

const FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;

export interface ChunkStoreOptions {
  /** Absolute path of `logs/`. */
  readonly logs: string;
  /** Group that may read chunks; undefined for root alone. */
  readonly gid: number | undefined;
  /** Bytes beyond which a chunk ends at its next newline. */
  readonly chunkSize: number;
}

/** Failures that the next chunk would meet as well. */
const DISK_IS_FULL: readonly number[] = [Errno.ENOSPC, Errno.EDQUOT, Errno.EROFS];
const PAUSE_MS = 1000;
/** More than there could be if the disk worked. */
const MAX_UNSEALED = 10_000;

/** Data that holds no newline is cut at this many times the chunk size. */
const HARD_LIMIT_FACTOR = 4;

export class ChunkStore {
  readonly chunkSize: number;
  readonly hardLimit: number;
  /** Descriptors that chunks hold: live ones, and ended ones that are kept for a sync. */
  descriptors = 0;
  /** Ends some live chunk, so that there is a descriptor for another. @returns whether there was one to end */
  freeDescriptor: () => boolean = () => false;
  private readonly pathBuffer = new MemoryRegion(8192);
  /** Why no chunk is made until when (performance.now). */
  private pause = { errno: 0, end: Number.NEGATIVE_INFINITY };
  /** Ended chunks that do not look it. */
  private readonly unsealed: Pick<Chunk, 'path' | 'sealedMode'>[] = [];

  constructor(
    private readonly options: ChunkStoreOptions,
    private readonly clock: ChunkClock,
    readonly room: CacheRoom,
  ) {
    this.chunkSize = options.chunkSize;
    this.hardLimit = options.chunkSize * HARD_LIMIT_FACTOR;
  }

  /** The errno with which no chunk is made at the moment; 0 when it can be tried. */
  get pausedBy(): number {
    return performance.now() < this.pause.end ? this.pause.errno : 0;
  }

  /** Nothing can be stored for a while, when an errno says so. */
  failed(errno: number): void {
    if (DISK_IS_FULL.includes(errno)) this.pause = { errno, end: performance.now() + PAUSE_MS };
  }

  /** @returns a new chunk of the stream, or a negated errno */
  create(stream: string): Chunk | number {
    const paused = this.pausedBy;
    if (paused !== 0) return -paused;
    const chunk = this.tryCreate(stream);
    if (typeof chunk === 'number') this.failed(-chunk);
    return chunk;
  }

  private tryCreate(stream: string): Chunk | number {
    const { logs, gid } = this.options;
    const ticks = this.clock.next();
    const path = join(logs, chunkName(stream, ticks));
    this.pathBuffer.bytes.write(`${path}\0`);
    let fd = this.openNew();
    if (fd === -Errno.ENOENT && makeCacheFolder(logs, gid)) fd = this.openNew();
    if (fd < 0) return fd;
    setFileAccess(fd, gid);
    this.descriptors++;
    return new Chunk(fd, path, gid === undefined ? 0o400 : 0o440, ticks);
  }

  /** The disk is full: drops older chunks, where that is wanted. @returns whether it is worth trying again */
  makeRoomOnDisk(bytes: number): boolean {
    if (!this.room.makeRoomOnDisk(bytes)) return false;
    this.pause.end = Number.NEGATIVE_INFINITY;
    return true;
  }

  /** Ends a chunk of `bytes`. */
  end(chunk: Chunk, bytes: number): void {
    this.descriptors--;
    this.room.sealed.add(chunk.name, bytes);
    if (!chunk.seal() && this.unsealed.length < MAX_UNSEALED) this.unsealed.push(chunk);
  }

  /** Removes a chunk that got no byte. */
  discard(chunk: Chunk): void {
    this.descriptors--;
    chunk.discard();
  }

  /** Lets go of a chunk of `bytes` that somebody has deleted. */
  abandon(chunk: Chunk, bytes: number): void {
    this.descriptors--;
    this.room.abandoned(bytes);
    chunk.abandon();
  }

  /** Makes good for what failed, and looks after room. @param hasStreams - somebody may write soon */
  housekeep(hasStreams: boolean): void {
    this.sealAllAgain();
    this.room.housekeep(hasStreams);
  }

  /** Lets go of everything; for the end of the server. */
  close(): void {
    this.sealAllAgain();
    this.room.close();
  }

  private sealAllAgain(): void {
    for (const { path, sealedMode } of this.unsealed.splice(0)) this.sealAgain(path, sealedMode);
  }

  /** Whether there is nothing to make good for. */
  get isIdle(): boolean {
    return this.unsealed.length === 0 && !this.room.isOverfull;
  }

  private sealAgain(path: string, sealedMode: number): void {
    try {
      chmodSync(path, sealedMode);
    } catch (error) {
      if (errnoOf(error) !== Errno.ENOENT) this.unsealed.push({ path, sealedMode });
    }
  }

  /** @returns a descriptor of the folder, for syncing its file system, or a negated errno */
  openFolder(): number {
    this.pathBuffer.bytes.write(`${this.options.logs}\0`);
    return orErrno(uninterrupted(() => open(this.pathBuffer.address, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)));
  }

  private openNew(): number {
    return orErrno(uninterrupted(() => open(this.pathBuffer.address, FLAGS, 0o600)));
  }
}
