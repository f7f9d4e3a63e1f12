/**
 * What could not be captured.
 *
 * Guarantees: every byte that a stream had to let go is counted, by path and cause, and reported: the first loss within a
 * housekeeping round (about a second), further ones once a minute with their sum. Nothing is lost silently.
 */

/** One report: what a stream lost since the last one. */
export interface LossReport {
  /** Full path of the tracked file. */
  readonly path: string;
  readonly errno: number;
  readonly writes: number;
  readonly bytes: number;
}

const REPORT_INTERVAL_MS = 60_000;

interface Tally {
  errno: number;
  writes: number;
  bytes: number;
  reportedAt: number;
}

export class Losses {
  /** Bytes lost since the server started. */
  totalBytes = 0;
  private readonly byPath = new Map<string, Tally>();

  add(path: string, errno: number, bytes: number): void {
    this.totalBytes += bytes;
    let tally = this.byPath.get(path);
    if (tally === undefined) {
      tally = { errno, writes: 0, bytes: 0, reportedAt: Number.NEGATIVE_INFINITY };
      this.byPath.set(path, tally);
    }
    tally.errno = errno;
    tally.writes++;
    tally.bytes += bytes;
  }

  /** Whether anything waits for its report. */
  get isEmpty(): boolean {
    return this.byPath.size === 0;
  }

  /** What is due for a report. @param now - milliseconds of a clock that does not step back */
  due(now: number): LossReport[] {
    const reports: LossReport[] = [];
    for (const [path, tally] of this.byPath) {
      if (now - tally.reportedAt < REPORT_INTERVAL_MS) continue;
      if (tally.writes === 0) {
        this.byPath.delete(path);
        continue;
      }
      reports.push({ path, errno: tally.errno, writes: tally.writes, bytes: tally.bytes });
      tally.writes = 0;
      tally.bytes = 0;
      tally.reportedAt = now;
    }
    return reports;
  }
}
