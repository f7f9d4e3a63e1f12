/** Log caches of unit tests. */
import { ByteCredit } from '../../src/capture/byte-credit.js';
import { CacheRoom } from '../../src/capture/cache-room.js';
import { Losses } from '../../src/capture/losses.js';
import { ChunkPacker, type PackedChunks } from '../../src/capture/packed-chunks.js';
import { SealedChunks } from '../../src/capture/sealed-chunks.js';
import type { CacheLimits } from '../../src/config/cache-limits.js';

/** As much as there is space. */
export const noLimits: CacheLimits = {
  maxCacheBytes: 0,
  minFree: { amount: 0, unit: 'bytes' },
  whenFull: 'drop-oldest',
};

/** A log cache without limits, for tests of what needs one and is not about it. @param logs - need not exist */
export function unlimitedRoom(logs: string): CacheRoom {
  return new CacheRoom({ logs, limits: noLimits, sharesMirrorSpace: false }, new SealedChunks(logs), new Losses());
}

/** More bytes than a test captures. */
export function plentyOfCredit(): ByteCredit {
  const credit = new ByteCredit();
  credit.give(2 ** 30);
  return credit;
}

/** Chunks as they are found at the start. */
export function packedChunks(chunks: Iterable<readonly [name: string, bytes: number]>): PackedChunks {
  const packer = new ChunkPacker();
  for (const [name, bytes] of chunks) packer.add(name, bytes);
  return packer.pack();
}
