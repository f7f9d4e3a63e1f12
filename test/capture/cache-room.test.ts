import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ByteCredit } from '../../src/capture/byte-credit.js';
import { CacheRoom } from '../../src/capture/cache-room.js';
import { chunkName, streamId } from '../../src/capture/chunk-name.js';
import type { Space } from '../../src/capture/free-space.js';
import { Losses } from '../../src/capture/losses.js';
import { SealedChunks } from '../../src/capture/sealed-chunks.js';
import type { CacheLimits } from '../../src/config/cache-limits.js';
import { noLimits, packedChunks } from '../harness/cache-room.js';

const path = '/var/log/a';
const stream = streamId(path);

describe('room in the log cache', () => {
  let logs: string;
  let credit: ByteCredit;
  let losses: Losses;
  let now: number;
  /** Milliseconds from one look at the clock to the next. */
  let pace: number;
  let space: Space | undefined;
  beforeEach(() => {
    logs = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    credit = new ByteCredit();
    losses = new Losses();
    now = 0;
    pace = 0;
    space = { available: 1000, size: 2000 };
  });
  afterEach(() => rmSync(logs, { recursive: true }));

  /** A chunk of so many lines of two bytes, on the disk. */
  const chunk = (number: number, lines: number): [string, number] => {
    const name = chunkName(stream, BigInt(number));
    writeFileSync(join(logs, name), 'x\n'.repeat(lines));
    return [name, 2 * lines];
  };

  const open = (limits: Partial<CacheLimits>, leftovers: [string, number][] = [], shares = false): CacheRoom => {
    const options = {
      logs,
      limits: { ...noLimits, ...limits },
      sharesMirrorSpace: shares,
      now: () => {
        now += pace;
        return now;
      },
      space: () => space,
    };
    const room = new CacheRoom(options, new SealedChunks(logs, packedChunks(leftovers)), losses, credit);
    room.names.remember(stream, path);
    return room;
  };

  test('there is no end to it without limits', () => {
    const room = open({});
    for (let round = 0; round < 100; round++) assert.ok(room.take(1 << 30));
  });

  test('bytes that are there at the start count', () => {
    const room = open({ maxCacheBytes: 100, whenFull: 'drop-new' }, [chunk(1, 45)]);
    assert.equal(room.take(11), false);
    assert.equal(room.take(10), true);
    assert.equal(room.take(1), false);
  });

  test('what the threads may take is never more than what is left', () => {
    const room = open({ maxCacheBytes: 100, whenFull: 'drop-new' });
    room.housekeep(true);
    assert.equal(credit.tryTake(101), false);
    assert.equal(credit.tryTake(60), true);
    assert.equal(room.take(41), false);
    assert.equal(room.take(40), true);
    credit.give(5);
    assert.equal(room.take(5), true);
    assert.equal(room.take(1), false);
  });

  test('the oldest chunks give way, as few as will do, and are counted', () => {
    const room = open({ maxCacheBytes: 100 }, [chunk(2, 20), chunk(3, 20), chunk(1, 10)]);
    assert.ok(room.take(15));
    assert.deepEqual(readdirSync(logs).sort(), [chunkName(stream, 2n), chunkName(stream, 3n)]);
    const [report] = losses.due(0);
    assert.deepEqual([report?.path, report?.chunks, report?.bytes, report?.lines], [path, 1, 20, 10]);
  });

  test('where dropping takes long it goes on with the next write, and costs no line that one chunk makes room for', () => {
    const room = open({ maxCacheBytes: 100 }, [chunk(1, 10), chunk(2, 10), chunk(3, 10), chunk(4, 10), chunk(5, 10)]);
    pace = 11;
    assert.equal(room.take(41), false, 'three chunks');
    assert.equal(readdirSync(logs).length, 4);
    assert.equal(room.take(41), false);
    assert.ok(room.take(41));
    assert.ok(room.take(39), 'what is left, and one chunk');
  });

  test('nothing is dropped for what would find no room all the same', () => {
    const room = open({ maxCacheBytes: 100 }, [chunk(1, 10)]);
    assert.ok(room.take(80), 'live bytes');
    assert.equal(room.take(21), false);
    assert.ok(existsSync(join(logs, chunkName(stream, 1n))));
    assert.ok(room.take(20));
  });

  test('chunks that a collector has deleted are looked for before any is dropped', () => {
    const chunks = [chunk(1, 10), chunk(2, 10), chunk(3, 10)];
    const room = open({ maxCacheBytes: 60 }, chunks);
    rmSync(join(logs, chunkName(stream, 3n)));
    assert.ok(room.take(20));
    assert.equal(readdirSync(logs).length, 2);
    assert.deepEqual(losses.due(0), []);
  });

  test('with drop-new deleted chunks are noticed within a second', () => {
    const room = open({ maxCacheBytes: 20, whenFull: 'drop-new' }, [chunk(1, 10)]);
    assert.equal(room.take(1), false);
    rmSync(join(logs, chunkName(stream, 1n)));
    assert.equal(room.take(1), false, 'it has just looked');
    now = 1000;
    assert.ok(room.take(1));
  });

  test('a live chunk that somebody deletes makes room', () => {
    const room = open({ maxCacheBytes: 100, whenFull: 'drop-new' });
    assert.ok(room.take(100));
    room.abandoned(70);
    assert.equal(room.take(71), false);
    assert.ok(room.take(70));
  });

  test('minfree= in percent and in bytes is left to others', () => {
    assert.equal(open({ minFree: { amount: 10, unit: '%' }, whenFull: 'drop-new' }).take(801), false);
    assert.equal(open({ minFree: { amount: 10, unit: '%' }, whenFull: 'drop-new' }).take(800), true);
    assert.equal(open({ minFree: { amount: 300, unit: 'bytes' }, whenFull: 'drop-new' }).take(701), false);
  });

  test('a captured byte costs two where the mirror takes its own from the same disk', () => {
    const room = open({ minFree: { amount: 10, unit: '%' }, whenFull: 'drop-new' }, [], true);
    assert.equal(room.take(401), false);
    assert.equal(room.take(400), true);
  });

  test('free space is asked for once a second and estimated in between', () => {
    const room = open({ minFree: { amount: 200, unit: 'bytes' }, whenFull: 'drop-new' });
    assert.ok(room.take(500));
    space = { available: 100, size: 2000 };
    now = 999;
    assert.ok(room.take(300), 'not noticed yet');
    now = 1000;
    assert.equal(room.take(1), false);
    space = { available: 300, size: 2000 };
    now = 1020;
    assert.ok(room.take(100), 'asked more often when it is short');
  });

  test('chunks are dropped when others have taken the space, before anybody writes', () => {
    const room = open({ minFree: { amount: 200, unit: 'bytes' } }, [chunk(1, 50), chunk(2, 50)]);
    space = { available: 150, size: 2000 };
    room.housekeep(false);
    assert.deepEqual(readdirSync(logs), [chunkName(stream, 2n)]);
  });

  test('a file system that can not be asked has room', () => {
    space = undefined;
    assert.ok(open({ minFree: { amount: 50, unit: '%' } }).take(1 << 20));
  });

  test('a write that was admitted has its room, whatever the threads take', () => {
    const room = open({ maxCacheBytes: 80, minFree: { amount: 0, unit: 'bytes' }, whenFull: 'fail' });
    space = undefined;
    assert.ok(room.admit(50));
    const others = credit.reclaim();
    assert.ok(others <= 30);
    assert.ok(room.take(50));
    room.settle();
    assert.equal(credit.reclaim(), 0);
    assert.ok(room.admit(10));
    room.settle();
    assert.equal(room.admit(81), false);
  });
});
