/**
 * What the owner of the streams tells the main thread about them, once a second where there is anything: plain data.
 *
 * Guarantees: in this order, whoever follows it knows each path's totals: streams begin with nothing captured, counts of live ones are
 * in their slots (`stream-slots.ts`), and those of ended ones are here. Losses are since the last news.
 */
import type { CaptureCounts } from './stream-slots.js';

/** A path in latin1, one character a byte. */
export interface StreamBegun {
  readonly path: string;
  readonly slot: number;
}

export interface StreamEnded extends StreamBegun {
  readonly counts: CaptureCounts;
}

export interface StreamLoss {
  /** Full path in latin1, or `stream <md5>` where only that is known. */
  readonly path: string;
  readonly bytes: number;
  readonly lines: number;
}

/** What can happen to a stream. */
export type StreamEvent = ({ readonly kind: 'begun' } & StreamBegun) | ({ readonly kind: 'ended' } & StreamEnded);

export interface CaptureNews {
  readonly events: readonly StreamEvent[];
  readonly losses: readonly StreamLoss[];
}
