/**
 * What one destination has acknowledged, by stream, in a small journal in `meta/`.
 *
 * Guarantees: what {@link Checkpoint.commit} was given survives SIGKILL once it has returned, and a power failure within about
 * a second (it never says more than was acknowledged, so that a failure costs repeats and no line). A commit appends one
 * line with a checksum; now and then the file is replaced as a whole: written, synced, renamed, its folder synced. A torn
 * last line is dropped. Any other damage is set aside (`<file>.corrupt-<time>`) and reported, and what is still
 * legible counts. Streams without chunks are left out at the next replacement.
 *
 * Does not know what is in `logs/`: a position whose chunk is gone means nothing, see {@link Checkpoint.positionIn}.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Position, startOf } from './position.js';
import type { StreamChunks } from './stream-chunks.js';

/** What a line of the journal says: for each stream chunk, offset and part. */
type Entries = Record<string, readonly [chunk: string, offset: number, part: number]>;

const checksumLength = 8;
/** The file is replaced when it has grown by so many bytes, and by twice its size after the last replacement. */
const minGrowth = 1024 * 1024;
const syncMilliseconds = 1000;
const filePrefix = 'collect-';
const streamPattern = /^[0-9a-f]{32}$/;
const chunkPattern = /^[0-9a-f]{32}\.\d{10}\.\d{7}\.log$/;

/** Name of a destination's file in `meta/`. */
export function checkpointName(destination: string): string {
  return `${filePrefix}${createHash('md5').update(destination).digest('hex').slice(0, 16)}.journal`;
}

/** What a file of progress says, as far as it is legible; changes nothing. @throws Node's errors when it can't be read */
export function readProgress(path: string): Map<string, Position> {
  const positions = new Map<string, Position>();
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    for (const [stream, [chunk, offset, part]] of Object.entries(openLine(line) ?? {})) {
      positions.set(stream, { chunk, offset, part });
    }
  }
  return positions;
}

export class Checkpoint {
  private readonly path: string;
  private readonly positions = new Map<string, Position>();
  private fd = -1;
  /** Whether the file lacks something, or ends in half a line: it has to be replaced. */
  private isStale = true;
  private size = 0;
  private baseSize = 0;
  private syncTimer: NodeJS.Timeout | undefined;
  private syncing: Promise<void> | undefined;

  /**
   * @param meta - the folder of the file
   * @param destination - its name
   * @param onProblem - told what was wrong with the file, as one line
   * @throws Node's errors when the file can't be read or written
   */
  constructor(
    meta: string,
    private readonly destination: string,
    private readonly onProblem: (message: string) => void,
  ) {
    this.path = join(meta, checkpointName(destination));
    if (this.load()) this.reopen();
    else this.start();
  }

  /** How far a stream was acknowledged; undefined: nothing of what is there. */
  positionIn(stream: StreamChunks): Position | undefined {
    const position = this.positions.get(stream.id);
    return position !== undefined && stream.has(position.chunk) ? position : undefined;
  }

  /** How far the stream `id` was acknowledged, whether its chunk is still there or not. */
  positionOf(id: string): Position | undefined {
    return this.positions.get(id);
  }

  /** Whether all of `chunk` is acknowledged. @param size - its final size */
  isDone(stream: StreamChunks, chunk: string, size: number | undefined): boolean {
    const position = this.positions.get(stream.id);
    if (position === undefined || position.chunk < chunk) return false;
    if (position.chunk > chunk) return true;
    return size !== undefined && position.offset >= size;
  }

  /**
   * Keeps how far streams have come.
   *
   * @throws Node's errors when the file can't be written. What was committed counts nevertheless, until this process ends:
   *   on a full disk, removing chunks that are done is what makes room
   */
  commit(progress: Iterable<readonly [string, Position]>): void {
    const entries: Entries = {};
    for (const [stream, { chunk, offset, part }] of progress) entries[stream] = [chunk, offset, part];
    this.take(entries);
    if (this.isStale || this.size > this.baseSize * 3 + minGrowth) this.replace();
    else this.append(Buffer.from(sealLine(entries)));
    this.syncSoon();
  }

  private append(line: Buffer): void {
    this.isStale = true;
    for (let done = 0; done < line.length; ) done += writeSync(this.fd, line, done);
    this.isStale = false;
    this.size += line.length;
  }

  /** A chunk came back: it and what follows it counts as not acknowledged. @throws as {@link commit} */
  rewind(stream: string, chunk: string): void {
    const position = this.positions.get(stream);
    if (position !== undefined && position.chunk > chunk) this.commit([[stream, startOf(chunk)]]);
  }

  /** A stream has no chunks any more. */
  forget(stream: string): void {
    this.positions.delete(stream);
  }

  /** Leaves out streams of which nothing is there. */
  retain(hasChunks: (stream: string) => boolean): void {
    for (const stream of [...this.positions.keys()]) if (!hasChunks(stream)) this.positions.delete(stream);
  }

  /** Writes, syncs and closes the file; removes it where there is nothing to remember. */
  async close(): Promise<void> {
    clearTimeout(this.syncTimer);
    await this.syncing;
    if (this.positions.size > 0) this.replace();
    else rmSync(this.path, { force: true });
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  /** @returns whether the file can be appended to */
  private load(): boolean {
    if (!existsSync(this.path)) return false;
    const text = readFileSync(this.path, 'latin1');
    const lines = text.split('\n');
    // Empty unless the collector was killed in the middle of a line.
    const torn = lines.pop();
    let damaged = 0;
    for (const line of lines) {
      const entries = openLine(line);
      if (entries === undefined) damaged++;
      else this.take(entries);
    }
    this.size = text.length;
    if (damaged > 0) this.quarantine(damaged);
    return damaged === 0 && torn === '';
  }

  private quarantine(damaged: number): void {
    const aside = `${this.path}.corrupt-${new Date().toISOString().replaceAll(/[^0-9]/g, '')}`;
    renameSync(this.path, aside);
    this.onProblem(
      `the progress of ${this.destination} was damaged (${damaged} lines), see ${aside}; records may be delivered again`,
    );
  }

  private take(entries: Entries): void {
    for (const [stream, [chunk, offset, part]] of Object.entries(entries)) {
      this.positions.set(stream, { chunk, offset, part });
    }
  }

  private reopen(): void {
    this.fd = openSync(this.path, 'a', 0o600);
    this.isStale = false;
  }

  /** A full disk is no reason not to start. */
  private start(): void {
    try {
      this.replace();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.onProblem(`the progress of ${this.destination} can't be kept: ${error.message}`);
    }
  }

  /** Writes the file anew, with what is known. */
  private replace(): void {
    this.isStale = true;
    const entries: Entries = {};
    for (const [stream, { chunk, offset, part }] of this.positions) entries[stream] = [chunk, offset, part];
    const temporary = `${this.path}.tmp`;
    const fd = openSync(temporary, 'w', 0o600);
    try {
      const text = Buffer.from(sealLine(entries));
      for (let done = 0; done < text.length; ) done += writeSync(fd, text, done);
      fsyncSync(fd);
      this.size = this.baseSize = text.length;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    renameSync(temporary, this.path);
    syncFolder(dirname(this.path));
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = fd;
    this.isStale = false;
  }

  private syncSoon(): void {
    this.syncTimer ??= setTimeout(() => {
      this.syncTimer = undefined;
      this.syncing ??= this.sync().finally(() => {
        this.syncing = undefined;
      });
    }, syncMilliseconds).unref();
  }

  /** Beside the event loop: a sync may take long. */
  private sync(): Promise<void> {
    let fd: number;
    try {
      fd = openSync(this.path, 'r+');
    } catch {
      // Somebody has removed it; the next replacement brings it back.
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      fdatasync(fd, () => {
        closeSync(fd);
        resolve();
      });
    });
  }
}

function sealLine(entries: Entries): string {
  const text = JSON.stringify(entries);
  return `${checksum(text)} ${text}\n`;
}

/** @returns undefined for a damaged line */
function openLine(line: string): Entries | undefined {
  const text = line.slice(checksumLength + 1);
  if (line.slice(0, checksumLength + 1) !== `${checksum(text)} `) return undefined;
  const entries: unknown = JSON.parse(text);
  if (typeof entries !== 'object' || entries === null) return undefined;
  return Object.entries(entries).every(([stream, entry]) => isEntry(stream, entry)) ? (entries as Entries) : undefined;
}

function isEntry(stream: string, entry: unknown): boolean {
  if (!streamPattern.test(stream) || !Array.isArray(entry)) return false;
  const [chunk, offset, part] = entry as unknown[];
  return typeof chunk === 'string' && chunkPattern.test(chunk) && Number.isInteger(offset) && Number.isInteger(part);
}

function checksum(text: string): string {
  return createHash('md5').update(text).digest('hex').slice(0, checksumLength);
}

function isDiskFull(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
