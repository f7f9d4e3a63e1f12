/**
 * Which streams have series of their own.
 *
 * Guarantees: at most {@link MAX_PATHS} paths ever, the first ones that there were, so that a series never changes its meaning; the
 * others together are one series, `path="(other)"`.
 */
import type { StreamStatus } from '../status/status-document.js';

/** Prometheus keeps every series that there ever was: so many times the metrics of a stream. */
export const MAX_PATHS = 500;
const OTHER = '(other)';

/** One series' worth of streams. */
export interface LabelledStream {
  readonly path: string;
  readonly capturedBytes: number;
  readonly capturedLines: number;
  readonly droppedBytes: number;
  readonly droppedLines: number;
  readonly backlogBytes: number;
}

/** All streams together, those included that are listed no more. */
type Totals = Omit<LabelledStream, 'path'>;

export class PathLabels {
  private readonly paths = new Set<string>();

  /** How many of the streams share the series of all others. */
  others(streams: readonly StreamStatus[]): number {
    return streams.filter(({ path }) => !this.paths.has(path)).length;
  }

  label(streams: readonly StreamStatus[], totals: Totals): LabelledStream[] {
    for (const { path } of streams) if (this.paths.size < MAX_PATHS) this.paths.add(path);
    const labelled = streams
      .filter(({ path }) => this.paths.has(path))
      .map(({ path, capturedBytes, capturedLines, droppedBytes, droppedLines, backlog }) => ({
        ...{ path, capturedBytes, capturedLines, droppedBytes, droppedLines },
        backlogBytes: backlog.bytes,
      }));
    const rest = (pick: (counts: Totals) => number): number =>
      Math.max(0, pick(totals) - labelled.reduce((sum, counts) => sum + pick(counts), 0));
    const other = {
      path: OTHER,
      capturedBytes: rest(({ capturedBytes }) => capturedBytes),
      capturedLines: rest(({ capturedLines }) => capturedLines),
      droppedBytes: rest(({ droppedBytes }) => droppedBytes),
      droppedLines: rest(({ droppedLines }) => droppedLines),
      backlogBytes: rest(({ backlogBytes }) => backlogBytes),
    };
    return this.others(streams) > 0 || other.capturedBytes + other.droppedBytes > 0 ? [...labelled, other] : labelled;
  }
}
