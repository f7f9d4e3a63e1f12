/**
 * Where one destination reads in one stream, and by which rules.
 *
 * Guarantees: plain state. The position runs ahead of what is acknowledged by at most one batch.
 */
import type { Position } from './position.js';
import type { RateLimit } from './rate-limit.js';
import type { Route } from './routes.js';
import type { StreamChunks } from './stream-chunks.js';

export class StreamCursor {
  /** Reading has begun anew at an older chunk: what this cursor has read does not count. */
  isRewound = false;

  constructor(
    readonly stream: StreamChunks,
    readonly route: Route,
    readonly rateLimit: RateLimit | undefined,
    /** Where reading goes on. */
    public position: Position,
  ) {}
}
