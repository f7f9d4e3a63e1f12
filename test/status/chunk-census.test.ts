import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backlogBehind, backlogOfAll, backlogOfStream, ChunkCensus } from '../../src/status/chunk-census.js';
import { streamOf } from '../harness/chunks.js';
import { HandMadeCache } from '../harness/hand-made-cache.js';

const limit = { timeout: 20_000 };
/** When the first chunk of a hand-made cache says that it was made. */
const FIRST = 1_763_700_000_000;

test('chunks are counted by stream, with their bytes and their age', limit, async (t) => {
  const cache = new HandMadeCache(t);
  cache.sealed('/a', 'one\n');
  cache.sealed('/b', '1234567\n');
  const live = cache.live('/a', 'two');
  const census = await new ChunkCensus(cache.logs).look();
  assert.deepEqual(backlogOfAll(census, FIRST + 60_000), { chunks: 3, bytes: 15, oldestSeconds: 60 });
  assert.deepEqual(backlogOfStream(census.get(streamOf('/a')), FIRST), { chunks: 2, bytes: 7, oldestSeconds: 0 });
  assert.equal(census.get(streamOf('/a'))?.live, live);
  assert.equal(census.get(streamOf('/b'))?.live, undefined);
});

test('a folder that is not there has no chunks', limit, async (t) => {
  const cache = new HandMadeCache(t);
  rmSync(cache.logs, { recursive: true });
  assert.deepEqual(backlogOfAll(await new ChunkCensus(cache.logs).look()), {
    chunks: 0,
    bytes: 0,
    oldestSeconds: null,
  });
});

test('two who ask at a time look once', limit, async (t) => {
  const cache = new HandMadeCache(t);
  cache.sealed('/a', 'one\n');
  const census = new ChunkCensus(cache.logs);
  const [first, second] = await Promise.all([census.look(), census.look()]);
  assert.equal(first, second);
  rmSync(join(cache.logs), { recursive: true });
  assert.equal(await census.look(), first, 'and a moment later nobody looks again');
});

test('what lies behind a position waits, but for what follows in the live chunk, which is new', limit, async (t) => {
  const cache = new HandMadeCache(t);
  cache.sealed('/a', 'one\n');
  const second = cache.sealed('/a', 'two two\n');
  const live = cache.live('/a', 'three');
  const census = await new ChunkCensus(cache.logs).look();
  const behind = (chunk: string, offset: number) => backlogBehind(census, () => ({ chunk, offset }), FIRST + 60_000);
  assert.deepEqual(behind(second, 4), { chunks: 2, bytes: 9, oldestSeconds: 60 });
  assert.deepEqual(behind(live, 3), { chunks: 1, bytes: 2, oldestSeconds: 0 });
  assert.deepEqual(behind(live, 5), { chunks: 0, bytes: 0, oldestSeconds: null });
  assert.equal(backlogBehind(census, () => undefined).bytes, 17);
});
