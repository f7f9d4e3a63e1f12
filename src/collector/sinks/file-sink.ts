/**
 * `file:///path`
 *
 * Guarantees: acknowledged means on disk: a batch is acknowledged after fdatasync(2), and new names after an fsync(2) of their
 * folder (not with `sync=off`). A batch is never split over two files. A batch that fails is taken back (truncated), so that its
 * repetition leaves no double, unless somebody else has written to the file meanwhile. After a crash in the middle of a batch
 * the torn line gets a newline, so that the repeated lines are whole; `protobuf` has no lines, and there the torn record stays.
 * A file that somebody renames or removes (logrotate) is made anew.
 *
 * Does not use pino-roll, which rotates our own log: it acknowledges nothing, and drops what does not fit into its memory.
 */
import { constants, type Stats, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode, reasonOf } from '../../libc/errno-text.js';
import type { Format } from '../formats/format.js';
import { interrupted, temporaryFailure } from './failure-text.js';
import type { OpenSink } from './open-sink.js';
import { isLines, payloadOf } from './payload.js';
import { isFull, type RotationRule, readRotation, rotate } from './rotation.js';
import { type Batch, type Sink, SinkError } from './sink.js';
import type { SinkUrl } from './sink-url.js';

const newline = Buffer.from('\n');
const { O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;

export interface FileOptions {
  readonly path: string;
  /** Permission bits of new files; folders get the search bits besides. */
  readonly mode: number;
  readonly isSynced: boolean;
  readonly rotation: RotationRule;
}

export const openFileSink: OpenSink = (url, { format }) => {
  url.allowOptions(['rotate', 'keep', 'mode', 'sync']);
  const path = readPath(url);
  const rotation = readRotation(url);
  const options = { path, mode: readMode(url), isSynced: url.isOn('sync', true), rotation };
  return new FileSink(url.name, format, options);
};

function readPath(url: SinkUrl): string {
  if (!/^file:\/\/\/[^?]/.test(url.name)) url.refuse(': write file:///path, with an absolute path');
  let path: string;
  try {
    path = fileURLToPath(url.address);
  } catch {
    return url.refuse('has a wrong % in its path');
  }
  if (path.endsWith('/') || path.includes('\0')) url.refuse('does not name a file');
  const status = statOf(path, url);
  if (status !== undefined && !isWritable(status)) url.refuse('is neither a file nor a device');
  return path;
}

function statOf(path: string, url: SinkUrl): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return url.refuse(`can't be used: ${reasonOf(error)}`);
  }
}

/** A pipe or socket could hold up a thread for ever. */
function isWritable(status: Stats): boolean {
  return status.isFile() || status.isCharacterDevice();
}

function readMode(url: SinkUrl): number {
  const text = url.text('mode') ?? '0600';
  if (!/^0?[0-7]{3}$/.test(text)) url.refuseValue('mode', text, 'permissions such as 0600 or 0640');
  return Number.parseInt(text, 8);
}

/** An open file. */
interface Target {
  readonly file: FileHandle;
  readonly status: Stats;
  /** Where the next batch begins. */
  size: number;
  /** When it was last written to. */
  written: Date;
}

export class FileSink implements Sink {
  private target: Target | undefined;

  /** @param now - the clock */
  constructor(
    readonly name: string,
    private readonly format: Format,
    private readonly options: FileOptions,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw interrupted();
    try {
      const payload = payloadOf(batch, this.format);
      await this.append(await this.prepare(payload.length), payload);
    } catch (error) {
      await this.close().catch(() => undefined);
      throw temporaryFailure(error);
    }
  }

  async close(): Promise<void> {
    const { target } = this;
    this.target = undefined;
    await target?.file.close();
  }

  /** The file that takes the next batch. */
  private async prepare(length: number): Promise<Target> {
    const { path, rotation } = this.options;
    let target = await this.current();
    if (target.status.isFile() && isFull(rotation, target.size, length, target.written, this.now())) {
      await this.close();
      await rotate(path, rotation, this.now());
      target = await this.current();
    }
    return target;
  }

  /** The file that has the path now. */
  private async current(): Promise<Target> {
    const { path } = this.options;
    if (this.target !== undefined) {
      const found = await stat(path).catch(() => undefined);
      if (found?.ino === this.target.status.ino && found.dev === this.target.status.dev) return this.target;
      await this.close();
    }
    this.target = await this.openTarget();
    return this.target;
  }

  private async openTarget(): Promise<Target> {
    const { path, mode } = this.options;
    // A pipe would make open(2) wait for its reader.
    const flags = O_APPEND | O_NONBLOCK | O_NOCTTY;
    let file: FileHandle;
    try {
      file = await open(path, O_RDWR | flags);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return this.create();
      // A terminal or a file that we may not read is written all the same; then a torn line stays torn.
      file = await open(path, O_WRONLY | flags, mode);
    }
    try {
      const status = await file.stat();
      if (!isWritable(status)) throw new SinkError(`${path} is neither a file nor a device`, 'later');
      const size = status.isFile() ? await this.endLine(file, status.size) : 0;
      return { file, status, size, written: status.mtime };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private async create(): Promise<Target> {
    const { path, mode, isSynced } = this.options;
    const folder = dirname(path);
    // Where a file may be read, its folder may be searched.
    const made = await mkdir(folder, { recursive: true, mode: mode | ((mode & 0o444) >> 2) });
    const file = await open(path, O_RDWR | O_CREAT | O_APPEND, mode);
    // The umask has taken away what `mode=` gives.
    await file.chmod(mode);
    if (isSynced) await syncFolders(folder, made === undefined ? folder : dirname(made));
    return { file, status: await file.stat(), size: 0, written: this.now() };
  }

  /** Ends a line that a crash has torn. @returns the file's size afterwards */
  private async endLine(file: FileHandle, size: number): Promise<number> {
    if (size === 0 || !isLines(this.format)) return size;
    const { buffer, bytesRead } = await file
      .read(Buffer.alloc(1), 0, 1, size - 1)
      .catch(() => ({ buffer: newline, bytesRead: 1 }));
    if (bytesRead === 1 && buffer[0] === newline[0]) return size;
    await file.write(newline);
    return size + 1;
  }

  private async append(target: Target, payload: Buffer): Promise<void> {
    const { file, status } = target;
    let done = 0;
    try {
      while (done < payload.length) done += (await file.write(payload, done)).bytesWritten;
      if (this.options.isSynced && status.isFile()) await file.datasync();
    } catch (error) {
      await takeBack(target, done).catch(() => undefined);
      throw error;
    }
    target.size += done;
    target.written = this.now();
  }
}

/** Removes what a failed batch has left, unless somebody else has written as well. */
async function takeBack({ file, status, size }: Target, done: number): Promise<void> {
  if (!status.isFile() || done === 0) return;
  const found = await file.stat();
  if (found.size === size + done) await file.truncate(size);
}

/** Makes the entries of a folder durable, and those of the folders above it up to `top`. */
async function syncFolders(folder: string, top: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (folder !== top && folder !== dirname(folder)) await syncFolders(dirname(folder), top);
}
