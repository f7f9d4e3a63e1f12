/**
 * Takes away what is left in `meta/` of chunks and destinations that are gone.
 *
 * Guarantees: removes what is known about a chunk only when that chunk is not in `logs/` and nothing has happened to the
 * file for ten minutes (the mount may write it before the chunk); progress of a destination that is no longer configured
 * only when none of its streams has chunks: until then it may come back. Leaves everything else alone, damaged files that were
 * set aside included. Never throws: what can't be removed costs a little room.
 */
import { opendirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointName } from './checkpoint.js';
import type { ChunkInventory } from './chunk-inventory.js';

const oldMilliseconds = 10 * 60_000;
const streamLength = 32;

/** @param destinations - names of those that are configured */
export function sweepMeta(meta: string, inventory: ChunkInventory, destinations: readonly string[]): void {
  const wanted = new Set(destinations.map(checkpointName));
  try {
    const folder = opendirSync(meta, { bufferSize: 1024 });
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      const { name } = entry;
      const isLeft = /^collect-[0-9a-f]{16}\.journal$/.test(name)
        ? !wanted.has(name) && !mentionsStream(join(meta, name), inventory)
        : /^[0-9a-f]{32}\.\d{10}\.\d{7}\.ndjson$/.test(name) && isOrphan(meta, name, inventory);
      if (isLeft) rmSync(join(meta, name), { force: true });
    }
    folder.closeSync();
  } catch {
    // The next start tries again.
  }
}

function mentionsStream(path: string, inventory: ChunkInventory): boolean {
  const streams = readFileSync(path, 'latin1').match(/(?<=")[0-9a-f]{32}(?=":)/g) ?? [];
  return streams.some((stream) => inventory.streams.has(stream));
}

function isOrphan(meta: string, name: string, inventory: ChunkInventory): boolean {
  const chunk = name.replace(/\.ndjson$/, '.log');
  if (inventory.streams.get(name.slice(0, streamLength))?.has(chunk) === true) return false;
  const age = Date.now() - (statSync(join(meta, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > oldMilliseconds;
}
