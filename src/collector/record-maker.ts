/**
 * Records with all that is known about them.
 *
 * Guarantees: the same bytes of a chunk give a record with the same id, however often they are read. What `meta/` lacks is
 * left empty. Does not copy messages: they are views of the batch's memory.
 */
import { chunkTime, type ProvenanceBook, type Stretch, StretchFinder } from './provenance.js';
import type { BatchPart, ReadBatch } from './read-batch.js';
import type { Fields, LogRecord } from './record.js';
import type { Route } from './routes.js';
import type { Segment } from './stream-window.js';

/** A segment with what is known about its chunk. */
class Source {
  readonly idPrefix: string;
  private readonly finder: StretchFinder;
  private readonly chunkTime: bigint;

  constructor(
    readonly segment: Segment,
    stretches: readonly Stretch[],
    /** Index in the batch's memory behind its last byte. */
    readonly end: number,
  ) {
    this.idPrefix = `${segment.chunk.slice(0, -'.log'.length)}:`;
    this.finder = new StretchFinder(stretches);
    this.chunkTime = chunkTime(segment.chunk);
  }

  stretchAt(offset: number): Stretch | undefined {
    return this.finder.at(offset);
  }

  timeOf(stretch: Stretch | undefined): bigint {
    return stretch?.time ?? this.chunkTime;
  }
}

export class RecordMaker {
  constructor(
    private readonly host: string,
    private readonly provenance: ProvenanceBook,
  ) {}

  /** The records of a batch, in order. */
  make(batch: ReadBatch): LogRecord[] {
    const records: LogRecord[] = [];
    for (const part of batch.parts) this.makePart(batch, part, records);
    return records;
  }

  /** Tells of growing indices of a window's memory when their bytes were written; undefined where `meta/` does not say. */
  timesOf(segments: readonly Segment[]): (index: number) => bigint | undefined {
    const sources = this.sources(segments);
    let current = 0;
    return (index) => {
      while (index >= (sources[current]?.end ?? Number.POSITIVE_INFINITY)) current++;
      const source = sources[current];
      return source?.stretchAt(source.segment.offset + index - source.segment.at)?.time;
    };
  }

  private makePart(batch: ReadBatch, { cursor, segments, first, behind }: BatchPart, records: LogRecord[]): void {
    const { stream, route } = cursor;
    const sources = this.sources(segments);
    let current = 0;
    for (let index = first; index < behind; index++) {
      const start = batch.starts[index] ?? 0;
      while (start >= (sources[current]?.end ?? Number.POSITIVE_INFINITY)) current++;
      const source = sources[current];
      if (source === undefined) break;
      const { segment } = source;
      const offset = segment.offset + start - segment.at;
      const stretch = source.stretchAt(offset);
      const time = source.timeOf(stretch);
      const message = batch.message(index);
      const { fields, parseError } = parse(route, message, time);
      records.push({
        id: source.idPrefix + offset,
        stream: stream.id,
        chunk: segment.chunk,
        offset,
        length: batch.lengths[index] ?? 0,
        path: stream.path,
        host: this.host,
        time,
        writer: stretch?.writer,
        message,
        part: batch.partMarks.get(index),
        fields,
        tags: route.tags,
        parseError,
      });
    }
  }

  private sources(segments: readonly Segment[]): Source[] {
    return segments.map((segment, index) => {
      const end = segments[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      return new Source(segment, this.provenance.of(segment.chunk).stretches, end);
    });
  }
}

function parse(route: Route, message: Buffer, time: bigint): { fields: Fields; parseError: string | undefined } {
  if (route.parser === undefined) return { fields: route.fields, parseError: undefined };
  const parsed = route.parser.parse(message, time);
  if ('error' in parsed) return { fields: route.fields, parseError: parsed.error };
  return { fields: { ...parsed.fields, ...route.fields }, parseError: undefined };
}
