/**
 * Cutting a window into records.
 *
 * Guarantees: every byte that it passes belongs to exactly one record (or to one that a rate limit keeps out); a record of
 * up to 1 MiB is whole, a longer one comes in parts of 1 MiB that are marked. What may still grow is left for later. Any
 * bytes pass.
 */
import type { ReadBatch } from './read-batch.js';
import type { RecordBoundary } from './record-boundary.js';
import type { StreamWindow } from './stream-window.js';

const NEWLINE = 0x0a;

/** Longest message in bytes that is carried whole. */
export const maxMessageBytes = 1024 * 1024;

/** What is left behind the last record. */
export interface Cut {
  /** Index in the batch's memory behind what belongs to it; above {@link consumed} where a newline was added. */
  readonly used: number;
  /** Index behind the last byte of the stream that was cut. */
  readonly consumed: number;
  /** Above 0 within a record that comes in parts. */
  readonly part: number;
}

export interface CutRules {
  readonly boundary: RecordBoundary;
  /** Whether whole lines are records even though the writer may go on. */
  readonly endsHere: boolean;
  /** Whether a record that begins at this index may pass; undefined: all may. */
  readonly admit: ((index: number) => boolean) | undefined;
}

/** Adds the records of `window` to `batch`, in whose memory it lies. */
export function cutRecords(batch: ReadBatch, window: StreamWindow, rules: CutRules): Cut {
  const { boundary, admit } = rules;
  const end = cutEnd(batch.memory, window, rules.endsHere);
  const isEnd = window.ending === 'end' || (window.ending === 'live' && rules.endsHere);
  const bytes = batch.memory.subarray(0, end);
  let at = window.start;
  let { part } = window;
  while (batch.count < batch.capacity && at < end) {
    const next = boundary.recordEnd(bytes, at, isEnd);
    const isLong = next === -1 ? end - at > maxMessageBytes : next - at > maxMessageBytes + 1;
    if (next === -1 && !isLong) break;
    const messageEnd = isLong ? at + maxMessageBytes : next - 1;
    const behind = isLong ? messageEnd : next;
    const mark = isLong || part > 0 ? { index: part, isLast: !isLong } : undefined;
    // A newline that was added is no byte of the stream.
    const length = Math.min(behind, window.end) - at;
    if (admit === undefined || admit(at)) batch.addRecord(at, messageEnd, length, mark);
    else batch.drop();
    part = isLong ? part + 1 : 0;
    at = behind;
  }
  return { used: at, consumed: Math.min(at, window.end), part };
}

/** Up to where records may reach. The last line of a stream gets the newline that it lacks. */
function cutEnd(memory: Buffer, window: StreamWindow, endsHere: boolean): number {
  const { start, end, ending } = window;
  if (ending === 'end' && end > start && memory[end - 1] !== NEWLINE) {
    memory[end] = NEWLINE;
    return end + 1;
  }
  if (ending !== 'live' || !endsHere || end === start) return end;
  const lastLine = memory.lastIndexOf(NEWLINE, end - 1);
  const wholeLines = Math.max(lastLine + 1, start);
  return end - wholeLines > maxMessageBytes ? end : wholeLines;
}
