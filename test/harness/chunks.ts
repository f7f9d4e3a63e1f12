/**
 * Reading the chunks of a log cache, the way a collector does.
 *
 * Guarantees: chunks in the order of their names. Does not delete or change anything.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a chunk's name looks like: stream, seconds, sequence. */
export const chunkName = /^[0-9a-f]{32}\.[0-9]{10}\.[0-9]{7}\.log$/;

/** The stream of a path under the mountpoint: md5 of the full path, in hexadecimal. */
export function streamOf(path: string): string {
  return createHash('md5').update(path).digest('hex');
}

/** Names of the chunks of one stream in `logs`, oldest first. */
export function chunkNamesOf(logs: string, path: string): string[] {
  const prefix = `${streamOf(path)}.`;
  return readdirSync(logs)
    .filter((name) => name.startsWith(prefix))
    .sort();
}

/** Full paths of the chunks of one stream, oldest first. */
export function chunksOf(logs: string, path: string): string[] {
  return chunkNamesOf(logs, path).map((name) => join(logs, name));
}

/** Everything that was captured for a path, in order. */
export function capturedBytes(logs: string, path: string): Buffer {
  return Buffer.concat(chunksOf(logs, path).map((chunk) => readFileSync(chunk)));
}

/** Everything that was captured for a path, as text. */
export function capturedText(logs: string, path: string): string {
  return capturedBytes(logs, path).toString();
}

/** Whether a chunk is sealed: nobody has write permission. */
export function isSealed(chunk: string): boolean {
  return (statSync(chunk).mode & 0o222) === 0;
}
