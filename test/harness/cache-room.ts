/** A log cache without limits, for unit tests of what needs one and is not about it. */
import { ByteCredit } from '../../src/capture/byte-credit.js';
import { CacheRoom } from '../../src/capture/cache-room.js';
import { Losses } from '../../src/capture/losses.js';
import { SealedChunks } from '../../src/capture/sealed-chunks.js';
import { noLimits } from '../../src/config/cache-limits.js';

/** @param logs - absolute path of `logs/`, which need not exist */
export function unlimitedRoom(logs: string): CacheRoom {
  return new CacheRoom({ logs, limits: noLimits, sharesMirrorSpace: false }, new SealedChunks(logs), new Losses());
}

/** More bytes than a test captures. */
export function plentyOfCredit(): ByteCredit {
  const credit = new ByteCredit();
  credit.give(2 ** 30);
  return credit;
}
