/**
 * What each stream has captured and lost since the server's start, as the main thread knows it.
 *
 * Guarantees: costs the threads that capture nothing: live streams are looked up in shared memory, when somebody asks. A number never
 * shrinks. Remembers {@link MAX_PATHS} paths; the totals count all of them, also those that were forgotten.
 */
import type { CaptureNews } from '../capture/capture-news.js';
import { streamId } from '../capture/chunk-name.js';
import type { CaptureCounts, StreamSlots } from '../capture/stream-slots.js';

/** Paths that are remembered after their streams have ended, and those of live ones. */
const MAX_PATHS = 20_000;

/** Numbers of one stream, or of all of them. */
export interface StreamCounts {
  readonly bytes: number;
  readonly lines: number;
  readonly estimatedLines: number;
  readonly droppedBytes: number;
  readonly droppedLines: number;
}

type Counts = { -readonly [Name in keyof StreamCounts]: number };

const noCounts: StreamCounts = { bytes: 0, lines: 0, estimatedLines: 0, droppedBytes: 0, droppedLines: 0 };

/** One path. */
export class LedgerEntry {
  slot: number | undefined;
  /** Of ended streams of the path; of losses all. */
  readonly ended: Counts = { ...noCounts };
  /** What was told last: between the end of a stream and the news of it, its slot may be another's. */
  private told: StreamCounts = noCounts;

  constructor(
    /** Full path, latin1; or `stream <md5>`. */
    readonly path: string,
    readonly id: string,
  ) {}

  counts(slots: StreamSlots | undefined): StreamCounts {
    const live = this.slot === undefined ? undefined : slots?.countsOf(this.slot);
    const { ended, told } = this;
    this.told = {
      bytes: Math.max(told.bytes, ended.bytes + (live?.bytes ?? 0)),
      lines: Math.max(told.lines, ended.lines + (live?.lines ?? 0)),
      estimatedLines: Math.max(told.estimatedLines, ended.estimatedLines + (live?.estimatedLines ?? 0)),
      droppedBytes: ended.droppedBytes,
      droppedLines: ended.droppedLines,
    };
    return this.told;
  }

  end({ bytes, lines, estimatedLines }: CaptureCounts): void {
    this.slot = undefined;
    this.ended.bytes += bytes;
    this.ended.lines += lines;
    this.ended.estimatedLines += estimatedLines;
  }
}

export class StreamLedger {
  private readonly byPath = new Map<string, LedgerEntry>();
  /** Of paths that are not remembered any more. */
  private forgotten: StreamCounts = noCounts;

  /** @param slots - where live streams count; undefined as long as there are none */
  constructor(private readonly slots: () => StreamSlots | undefined) {}

  take({ events, losses }: CaptureNews): void {
    for (const event of events) {
      if (event.kind === 'begun') this.begin(event.path, event.slot);
      else this.entry(event.path).end(event.counts);
    }
    for (const { path, bytes, lines } of losses) {
      const { ended } = this.entry(path);
      ended.droppedBytes += bytes;
      ended.droppedLines += lines;
    }
    this.forgetOldest();
  }

  /** All paths that are remembered, with their numbers. */
  *entries(): Iterable<{ readonly entry: LedgerEntry; readonly counts: StreamCounts }> {
    const slots = this.slots();
    for (const entry of this.byPath.values()) yield { entry, counts: entry.counts(slots) };
  }

  totals(): StreamCounts {
    let sum = this.forgotten;
    for (const { counts } of this.entries()) sum = add(sum, counts);
    return sum;
  }

  private begin(path: string, slot: number): void {
    const entry = this.entry(path);
    // Behind all others: those that ended first are forgotten first.
    this.byPath.delete(path);
    this.byPath.set(path, entry);
    entry.slot = slot;
  }

  private entry(path: string): LedgerEntry {
    const known = this.byPath.get(path);
    if (known !== undefined) return known;
    const [, id = streamId(path)] = /^stream ([0-9a-f]{32})$/.exec(path) ?? [];
    const entry = new LedgerEntry(path, id);
    this.byPath.set(path, entry);
    return entry;
  }

  private forgetOldest(): void {
    if (this.byPath.size <= MAX_PATHS) return;
    for (const [path, entry] of this.byPath) {
      if (this.byPath.size <= MAX_PATHS) return;
      if (entry.slot !== undefined) continue;
      this.forgotten = add(this.forgotten, entry.counts(undefined));
      this.byPath.delete(path);
    }
  }
}

function add(a: StreamCounts, b: StreamCounts): StreamCounts {
  return {
    bytes: a.bytes + b.bytes,
    lines: a.lines + b.lines,
    estimatedLines: a.estimatedLines + b.estimatedLines,
    droppedBytes: a.droppedBytes + b.droppedBytes,
    droppedLines: a.droppedLines + b.droppedLines,
  };
}
