/**
 * What was not captured, or was captured and then dropped to make room.
 *
 * Guarantees: every byte that a stream had to let go is counted, by path, and reported: the first loss within a housekeeping
 * round (about a second), further ones once a minute with their sum. Nothing is lost silently. A journal of gaps, where there
 * is one, gets each of them as well.
 */
import { Errno } from '../libc/errno.js';
import type { StreamLoss } from './capture-news.js';
import { streamId } from './chunk-name.js';
import type { GapJournal } from './gap-journal.js';

/** One report: what a stream lost since the last one. */
export interface LossReport {
  /** Full path of the tracked file, or `stream <md5>` where only that is known. */
  readonly path: string;
  /** Of the last loss; ENOSPC for a log cache that is as large as it may become. */
  readonly errno: number;
  /** Writes that could not be captured. */
  readonly writes: number;
  /** Chunks that were dropped. */
  readonly chunks: number;
  /** Writes that were refused, and of which nothing is lost but to their writer; not in bytes and lines. */
  readonly refused: number;
  readonly bytes: number;
  /** Newlines in them. */
  readonly lines: number;
}

const REPORT_INTERVAL_MS = 60_000;

type Counts = { -readonly [Count in 'errno' | 'writes' | 'chunks' | 'refused' | 'bytes' | 'lines']: number };

interface Tally {
  counts: Counts;
  isNew: boolean;
  reportedAt: number;
}

export class Losses {
  /** Bytes lost since the server started. */
  totalBytes = 0;
  private readonly byPath = new Map<string, Tally>();
  /** Since they were last taken. */
  private news = new Map<string, { bytes: number; lines: number }>();

  constructor(private readonly gaps?: GapJournal) {}

  /** A write of the path could not be captured, or not all of it. */
  add(path: string, errno: number, bytes: number, lines = 0): void {
    this.count(path, { errno, bytes, lines, writes: 1 });
    this.gaps?.add({ stream: streamId(path), path, errno, bytes, lines, chunk: undefined });
  }

  /** A chunk was dropped to make room. @param path - undefined where only the stream is known */
  addDropped(stream: string, path: string | undefined, chunk: string, bytes: number, lines: number): void {
    const errno = Errno.ENOSPC;
    this.count(path ?? `stream ${stream}`, { errno, bytes, lines, chunks: 1 });
    this.gaps?.add({ stream, path, errno, bytes, lines, chunk });
  }

  /** A write of the path was refused before anything was done (`full=fail`). */
  addRefused(path: string): void {
    this.count(path, { errno: Errno.ENOSPC, refused: 1 });
  }

  private count(path: string, added: Partial<Counts>): void {
    let tally = this.byPath.get(path);
    if (tally === undefined) {
      tally = { counts: noCounts(), isNew: false, reportedAt: Number.NEGATIVE_INFINITY };
      this.byPath.set(path, tally);
    }
    const { counts } = tally;
    tally.isNew = true;
    counts.errno = added.errno ?? counts.errno;
    counts.writes += added.writes ?? 0;
    counts.chunks += added.chunks ?? 0;
    counts.refused += added.refused ?? 0;
    counts.bytes += added.bytes ?? 0;
    counts.lines += added.lines ?? 0;
    this.totalBytes += added.bytes ?? 0;
    this.note(path, added.bytes ?? 0, added.lines ?? 0);
  }

  private note(path: string, bytes: number, lines: number): void {
    if (bytes === 0) return;
    const news = this.news.get(path);
    if (news === undefined) this.news.set(path, { bytes, lines });
    else {
      news.bytes += bytes;
      news.lines += lines;
    }
  }

  /** What was lost since this was last asked, whether it was reported or not. */
  takeNews(): StreamLoss[] {
    if (this.news.size === 0) return [];
    const losses = [...this.news].map(([path, { bytes, lines }]) => ({ path, bytes, lines }));
    this.news = new Map();
    return losses;
  }

  /** Whether anything waits for its report, or to be written. */
  get isEmpty(): boolean {
    return this.byPath.size === 0 && (this.gaps?.isEmpty ?? true);
  }

  /** What is due for a report; writes the gaps. @param now - milliseconds of a clock that does not step back; Infinity at the end */
  due(now: number): LossReport[] {
    this.gaps?.flush(now === Number.POSITIVE_INFINITY);
    const reports: LossReport[] = [];
    for (const [path, tally] of this.byPath) {
      if (now - tally.reportedAt < REPORT_INTERVAL_MS) continue;
      if (!tally.isNew) {
        this.byPath.delete(path);
        continue;
      }
      reports.push({ path, ...tally.counts });
      tally.counts = noCounts();
      tally.isNew = false;
      tally.reportedAt = now;
    }
    return reports;
  }
}

function noCounts(): Counts {
  return { errno: 0, writes: 0, chunks: 0, refused: 0, bytes: 0, lines: 0 };
}
