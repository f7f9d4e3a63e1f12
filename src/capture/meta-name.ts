/**
 * Names in `meta/`: `<chunk name without .log>.ndjson` holds what is known about a chunk.
 *
 * Guarantees: pure functions; no other file of `meta/` has such a name.
 */
import { parseChunkName } from './chunk-name.js';

const CHUNK_SUFFIX = '.log';
const META_SUFFIX = '.ndjson';

/** @param chunk - name of a chunk */
export function metaName(chunk: string): string {
  return chunk.slice(0, -CHUNK_SUFFIX.length) + META_SUFFIX;
}

/** Name of the chunk that a file of `meta/` is about; undefined for any other file. */
export function chunkOfMeta(name: string): string | undefined {
  if (!name.endsWith(META_SUFFIX)) return undefined;
  const chunk = name.slice(0, -META_SUFFIX.length) + CHUNK_SUFFIX;
  return parseChunkName(chunk) === undefined ? undefined : chunk;
}
