/**
 * Gaps in what was captured, where a collector sees them: `meta/<md5>.gaps.ndjson`, a line of JSON a gap.
 *
 * Guarantees: each loss is in exactly one line, the first within a housekeeping round (about a second), and a stream gets a line
 * of each kind a round at most: losses in between are summed up. A file grows to 64 KiB; what comes then waits in memory until a
 * collector has taken the file, or the server ends. What can't be written waits as well. A collector renames the file, reads it
 * and removes it. Never throws.
 *
 * A line: `{"time":"<ns since 1970>","path":"/var/log/x","bytes":1,"lines":1,"from":"<chunk>","to":"<chunk>","reason":"full"}`.
 * `from` and `to` are the first and the last of the chunks that were dropped, oldest first; a gap without them lies between the
 * chunks that were begun before and after `time`. `path` is missing where only the stream is known.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Errno, errnoName } from '../libc/errno.js';
import { setFileAccess } from './cache-access.js';

/** What a stream lost. */
export interface Loss {
  /** md5 that names the stream. */
  readonly stream: string;
  /** Full path of the tracked file (latin1); undefined where only the stream is known. */
  readonly path: string | undefined;
  readonly errno: number;
  readonly bytes: number;
  readonly lines: number;
  /** The chunk that was dropped; undefined for bytes that came to none. */
  readonly chunk: string | undefined;
}

/** One line that is not written yet. */
interface Gap {
  readonly file: string;
  readonly time: string;
  readonly path: string | undefined;
  readonly reason: string;
  bytes: number;
  lines: number;
  readonly from: string | undefined;
  to: string | undefined;
}

const MAX_FILE_BYTES = 65_536;
/** Lines written in one round: a file system may be slow. */
const MAX_LINES_A_ROUND = 200;

export class GapJournal {
  private readonly pending = new Map<string, Gap>();

  /**
   * @param folder - absolute path of `meta/`
   * @param gid - group that may read it; undefined for root alone
   */
  constructor(
    private readonly folder: string,
    private readonly gid: number | undefined,
  ) {}

  add({ stream, path, errno, bytes, lines, chunk }: Loss): void {
    const reason = errno === Errno.ENOSPC ? 'full' : errnoName(errno);
    const key = `${stream}${chunk === undefined ? '' : 'c'}${reason}`;
    const gap = this.pending.get(key);
    if (gap === undefined) {
      const time = `${BigInt(Date.now()) * 1_000_000n}`;
      this.pending.set(key, { file: gapsName(stream), time, path, reason, bytes, lines, from: chunk, to: chunk });
      return;
    }
    gap.bytes += bytes;
    gap.lines += lines;
    gap.to = chunk;
  }

  /** Whether nothing waits to be written. */
  get isEmpty(): boolean {
    return this.pending.size === 0;
  }

  /** Writes what waits; for the housekeeping. @param isEnd - also to files that are full */
  flush(isEnd = false): void {
    const due = [...this.pending].slice(0, isEnd ? undefined : MAX_LINES_A_ROUND);
    for (const [key, gap] of due) {
      this.pending.delete(key);
      // Behind the others, whose turn it is then.
      if (!this.write(gap, isEnd)) this.pending.set(key, gap);
    }
  }

  private write(gap: Gap, isEnd: boolean): boolean {
    const { file, path, ...rest } = gap;
    const text = path === undefined ? {} : { path: Buffer.from(path, 'latin1').toString('utf8') };
    const { time, bytes, lines, from, to, reason } = rest;
    const line = `${JSON.stringify({ time, ...text, bytes, lines, from, to, reason })}\n`;
    try {
      return this.append(file, line, isEnd);
    } catch {
      return false;
    }
  }

  private append(file: string, line: string, isEnd: boolean): boolean {
    const fd = openSync(join(this.folder, file), 'a', 0o600);
    try {
      const { size } = fstatSync(fd);
      if (size >= MAX_FILE_BYTES && !isEnd) return false;
      if (size === 0) setFileAccess(fd, this.gid);
      const bytes = Buffer.from(line);
      if (writeSync(fd, bytes) === bytes.length) return true;
      // On a full disk a part of it may fit, which is no line.
      ftruncateSync(fd, size);
      return false;
    } finally {
      closeSync(fd);
    }
  }
}

/** Name in `meta/` of a stream's gaps. */
export function gapsName(stream: string): string {
  return `${stream}.gaps.ndjson`;
}
