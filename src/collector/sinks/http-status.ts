/**
 * What an HTTP status says about a batch.
 *
 * Guarantees: only statuses that speak about the content are taken for a final refusal. A wrong password (401, 403), path (404)
 * or redirect (3xx) is the configuration's fault and not the records': they wait until somebody mends it. RFC 9110, 15.
 */
import { SinkError } from './sink.js';

/** Bad Request; Content Too Large: a part of the batch may fit; Unprocessable Content. */
const refusals: readonly number[] = [400, 413, 422];

/** A server that asks for more is not believed. */
const longestWait = 3_600_000;

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether trying again can help. */
export function retryOf(status: number): 'later' | 'never' {
  return refusals.includes(status) ? 'never' : 'later';
}

/** @param said - the beginning of the reply's body, without secrets */
export function statusError(status: number, said: string, location?: string): SinkError {
  const target = location === undefined ? '' : `, which points to ${location}: change the URL`;
  return new SinkError(`it answers ${status}${target}${said === '' ? '' : `: ${said}`}`, retryOf(status));
}

/**
 * Milliseconds that a `Retry-After` header asks for, as seconds or as a date (RFC 9110, 10.2.3); 0 when there is none. An hour
 * at most.
 */
export function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? 0 : Math.min(Math.max(wait, 0), longestWait);
}
