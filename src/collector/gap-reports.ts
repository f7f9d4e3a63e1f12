/**
 * What the mount could not capture, as it tells in `meta/<stream>.gaps.ndjson` (see `src/capture/gap-journal.ts`).
 *
 * Guarantees: every gap is in the log of a collector at least once, with its path, its size and when it was; one line for each
 * stream and reason a look, however many gaps there were. A file is taken by renaming it, and removed only when it is
 * reported, so that a collector that is killed leaves it to the next. Never throws: what can't be read is left, and tried again.
 *
 * Does not: send gaps to destinations; a log has no room for a line that its program did not write.
 */
import { existsSync, opendirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { pause } from './pause.js';

const fresh = /^[0-9a-f]{32}\.gaps\.ndjson$/;
const taken = /^[0-9a-f]{32}\.gaps\.taken$/;
const streamLength = 32;

/** The mount opens the file for each line: one that it was about to write when the file was taken is there by then. */
const settleMilliseconds = 100;

const gapLine = z.object({
  time: z.string(),
  path: z.string().optional(),
  bytes: z.number(),
  lines: z.number(),
  reason: z.string(),
});
type Gap = z.infer<typeof gapLine>;

/** Gaps of one stream and reason. */
interface Sum {
  gaps: number;
  bytes: number;
  lines: number;
  path: string | undefined;
  first: string;
  last: string;
}

export class GapReports {
  /** Bytes and lines that were never captured, as far as this collector was told. */
  readonly lost = { bytes: 0, lines: 0 };

  constructor(
    private readonly meta: string,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly never: AbortSignal = new AbortController().signal,
  ) {}

  /** Reports what there is. One at a time. */
  async look(): Promise<void> {
    // Those that a killed collector left behind come first: a file that is taken must not replace one of them.
    this.reportAll();
    if (!this.takeAll()) return;
    await pause(settleMilliseconds, this.never);
    this.reportAll();
  }

  private reportAll(): void {
    for (const file of this.list(taken)) this.attempt(() => this.report(file));
  }

  /** @returns whether there were any */
  private takeAll(): boolean {
    return this.list(fresh).filter((file) => this.take(file)).length > 0;
  }

  private take(file: string): boolean {
    const target = this.path(takenName(file));
    return !existsSync(target) && this.attempt(() => renameSync(this.path(file), target));
  }

  private report(file: string): void {
    const sums = new Map<string, Sum>();
    for (const line of readFileSync(this.path(file), 'utf8').split('\n')) {
      const gap = parse(line);
      if (gap !== undefined) add(sums, gap);
    }
    const stream = file.slice(0, streamLength);
    for (const [reason, { first, last, ...sum }] of sums) {
      this.lost.bytes += sum.bytes;
      this.lost.lines += sum.lines;
      const when = { first: readable(first), last: readable(last) };
      this.logger.warn({ stream, ...sum, reason, ...when }, 'a part of this log was never captured, or dropped again');
    }
    rmSync(this.path(file));
  }

  private list(pattern: RegExp): string[] {
    const names: string[] = [];
    this.attempt(() => {
      const folder = opendirSync(this.meta, { bufferSize: 1024 });
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (pattern.test(entry.name)) names.push(entry.name);
      }
      folder.closeSync();
    });
    return names;
  }

  private path(name: string): string {
    return join(this.meta, name);
  }

  /** @returns whether it worked; if not, the next look tries again */
  private attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch {
      return false;
    }
  }
}

function takenName(name: string): string {
  return name.replace(/ndjson$/, 'taken');
}

function parse(line: string): Gap | undefined {
  try {
    return gapLine.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function add(sums: Map<string, Sum>, { time, path, bytes, lines, reason }: Gap): void {
  const sum = sums.get(reason) ?? { gaps: 0, bytes: 0, lines: 0, path, first: time, last: time };
  sum.gaps++;
  sum.bytes += bytes;
  sum.lines += lines;
  sum.path ??= path;
  sum.last = time;
  sums.set(reason, sum);
}

/** @param time - nanoseconds since 1970 */
function readable(time: string): string {
  const milliseconds = Number(time) / 1e6;
  return Number.isFinite(milliseconds) ? new Date(milliseconds).toISOString() : time;
}
