/**
 * Chunks that an earlier server left behind.
 *
 * Guarantees: every one is sealed before the first new chunk is made, since nothing is appended to them any more; the
 * newest time among their names is found. Reads `logs/` once, entry by entry, whatever its size. Leaves foreign files
 * alone.
 */
import { chmodSync, lstatSync, opendirSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { Errno, errnoOf } from '../libc/errno.js';
import { parseChunkName, type Ticks } from './chunk-name.js';
import { ChunkPacker, type PackedChunks } from './packed-chunks.js';

const WRITABLE = 0o222;

/** What was found in `logs/`. */
export interface Leftovers {
  readonly chunks: number;
  /** How many were not sealed. */
  readonly sealed: number;
  /** Time in the newest name, 0 when there is none. */
  readonly newest: Ticks;
  /** Those that are left. */
  readonly packed: PackedChunks;
}

/** What is known of `logs/` where it can't be read. */
export const unknownLeftovers = (): Leftovers => ({
  chunks: 0,
  sealed: 0,
  newest: 0n,
  packed: new ChunkPacker().pack(),
});

/** @throws Node's errors when `logs` can't be read */
export function sealLeftoverChunks(logs: string): Leftovers {
  const found = { chunks: 0, sealed: 0, newest: 0n };
  const packer = new ChunkPacker();
  const directory = opendirSync(logs, { bufferSize: 1024 });
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
    const name = parseChunkName(entry.name);
    if (name === undefined) continue;
    found.chunks++;
    if (name.ticks > found.newest) found.newest = name.ticks;
    const path = join(logs, entry.name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status?.isFile()) continue;
    const seal = sealIfWritable(path, status);
    if (seal === 'sealed') found.sealed++;
    if (seal !== 'removed') packer.add(entry.name, status.size);
  }
  directory.closeSync();
  return { ...found, packed: packer.pack() };
}

/** One without a byte, of a server that was killed before the first, is removed. A collector may remove any meanwhile. */
function sealIfWritable(path: string, { mode, size }: Stats): 'sealed' | 'was sealed' | 'removed' {
  if ((mode & WRITABLE) === 0) return 'was sealed';
  if (size === 0) {
    rmSync(path, { force: true });
    return 'removed';
  }
  try {
    chmodSync(path, mode & 0o777 & ~WRITABLE);
    return 'sealed';
  } catch (error) {
    if (errnoOf(error) === Errno.ENOENT) return 'removed';
    throw error;
  }
}
