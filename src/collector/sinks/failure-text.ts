/**
 * What went wrong between us and a destination, as a {@link SinkError}.
 *
 * Guarantees: one line, never empty. Errors of `node:net`, `node:tls` and `node:fs` hold addresses and paths and no
 * credentials; text that a destination has sent goes through {@link foreignText}.
 */
import { SinkError } from './sink.js';

const longestForeignText = 200;

/** A failure that may pass. The error is kept as the cause: its code (`EPIPE`) tells what happened. */
export function temporaryFailure(error: unknown): SinkError {
  return error instanceof SinkError ? error : new SinkError(failureText(error), 'later', undefined, { cause: error });
}

/** What a signal ends: nothing is known about the batch. */
export function interrupted(): SinkError {
  return new SinkError('the collector ends', 'later');
}

export function failureText(error: unknown): string {
  // Several addresses were tried: such an error has no message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(failureText))].join('; ');
  }
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

/** The beginning of what a destination says, fit for a log line, with secrets that it repeats blanked out. */
export function foreignText(text: string, secrets: readonly string[]): string {
  const blanked = secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text.slice(0, 16_384));
  const line = blanked.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > longestForeignText ? `${line.slice(0, longestForeignText)}…` : line;
}
