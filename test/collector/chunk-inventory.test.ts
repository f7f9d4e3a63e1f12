/** Which chunks are shown, and when a stream is shown again. */
import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ChunkInventory } from '../../src/collector/chunk-inventory.js';
import { streamOf } from '../harness/chunks.js';
import { HandMadeCache } from '../harness/hand-made-cache.js';

const limit = { timeout: 20_000 };
const log = '/var/log/a';

function setUp(context: TestContext): { cache: HandMadeCache; inventory: ChunkInventory } {
  const cache = new HandMadeCache(context);
  return { cache, inventory: new ChunkInventory(cache.logs) };
}

const namesOf = (inventory: ChunkInventory): readonly string[] | undefined =>
  inventory.streams.get(streamOf(log))?.names;

/** Ids of what a round has found. */
async function round(inventory: ChunkInventory): Promise<{ changed: string[]; gone: string[] }> {
  const { changed, gone } = await inventory.round();
  return { changed: changed.map(({ id }) => id), gone: gone.map(({ id }) => id) };
}

describe('the inventory of chunks', limit, () => {
  test('shows the chunks of each stream in the order of their names, and no foreign file', async (context) => {
    const { cache, inventory } = setUp(context);
    const names = ['1\n', '2\n', '3\n'].map((content) => cache.sealed(log, content));
    cache.sealed('/var/log/b', 'b\n');
    for (const foreign of [`${names[0]}.offset`, 'x.log', `${names[0]}.tmp`])
      writeFileSync(join(cache.logs, foreign), '');
    const { changed } = await round(inventory);
    assert.deepEqual(changed.sort(), [streamOf(log), streamOf('/var/log/b')].sort());
    assert.deepEqual(namesOf(inventory), names);
    assert.equal(inventory.chunks, 4);
  });

  test('shows a stream again when it has a new chunk, and not when nothing is new', async (context) => {
    const { cache, inventory } = setUp(context);
    cache.sealed(log, '1\n');
    await round(inventory);
    assert.deepEqual(await round(inventory), { changed: [], gone: [] });
    const newest = cache.sealed(log, '2\n');
    assert.deepEqual((await round(inventory)).changed, [streamOf(log)]);
    assert.equal(namesOf(inventory)?.at(-1), newest);
  });

  test('a watched stream is shown again when its newest chunk grows', async (context) => {
    const { cache, inventory } = setUp(context);
    const chunk = cache.live(log, '1\n');
    await round(inventory);
    const stream = inventory.streams.get(streamOf(log));
    assert.ok(stream);
    inventory.watch(stream, 2);
    assert.deepEqual((await round(inventory)).changed, []);
    cache.append(chunk, '2\n');
    assert.deepEqual((await round(inventory)).changed, [streamOf(log)]);
  });

  test('two destinations at different ends of a chunk: neither misses what it has not read', async (context) => {
    const { cache, inventory } = setUp(context);
    cache.live(log, '1\n2\n');
    await round(inventory);
    const stream = inventory.streams.get(streamOf(log));
    assert.ok(stream);
    inventory.watch(stream, 2);
    inventory.watch(stream, 4);
    assert.deepEqual((await round(inventory)).changed, [streamOf(log)]);
  });

  test('a sealed chunk is final only after a listing that shows no newer one', async (context) => {
    const { cache, inventory } = setUp(context);
    const chunk = cache.live(log, 'half a li');
    await round(inventory);
    const stream = inventory.streams.get(streamOf(log));
    assert.ok(stream);
    inventory.watch(stream, 9);
    cache.seal(chunk);
    await round(inventory);
    assert.deepEqual([stream.sealedSize, stream.isFinal], [9, false]);
    inventory.watch(stream, 9);
    assert.deepEqual((await round(inventory)).changed, [streamOf(log)]);
    assert.equal(stream.isFinal, true);
    cache.live(log, 'ne\n');
    await round(inventory);
    assert.deepEqual([stream.sealedSize, stream.isFinal], [undefined, false]);
  });

  test('a stream whose chunks somebody has removed is gone', async (context) => {
    const { cache, inventory } = setUp(context);
    const chunk = cache.sealed(log, '1\n');
    await round(inventory);
    rmSync(join(cache.logs, chunk));
    assert.deepEqual(await round(inventory), { changed: [], gone: [streamOf(log)] });
    assert.equal(inventory.chunks, 0);
  });

  test('an older chunk that comes back makes its stream be read again from there', async (context) => {
    const { cache, inventory } = setUp(context);
    const old = cache.sealed(log, '1\n');
    rmSync(join(cache.logs, old));
    cache.sealed(log, '2\n');
    await round(inventory);
    writeFileSync(join(cache.logs, old), '1\n', { mode: 0o400 });
    assert.deepEqual((await round(inventory)).changed, [streamOf(log)]);
    assert.equal(inventory.streams.get(streamOf(log))?.rewindTo, old);
  });

  test('a folder that has not changed is not listed again', async (context) => {
    const { cache, inventory } = setUp(context);
    cache.sealed(log, '1\n');
    const past = new Date(Date.now() - 60_000);
    utimesSync(cache.logs, past, past);
    await round(inventory);
    // Invisible, because the folder's time says that nothing has happened.
    cache.sealed(log, '2\n');
    utimesSync(cache.logs, past, past);
    assert.deepEqual((await round(inventory)).changed, []);
    utimesSync(cache.logs, new Date(), new Date());
    assert.deepEqual((await round(inventory)).changed, [streamOf(log)]);
  });
});
