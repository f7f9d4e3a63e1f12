/** What is left in meta/ of chunks and destinations that are gone is taken away, and nothing else. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Checkpoint, checkpointName } from '../../src/collector/checkpoint.js';
import { ChunkInventory } from '../../src/collector/chunk-inventory.js';
import { sweepMeta } from '../../src/collector/meta-sweep.js';
import { provenanceName } from '../../src/collector/provenance.js';
import { streamOf } from '../harness/chunks.js';
import { HandMadeCache } from '../harness/hand-made-cache.js';

const limit = { timeout: 20_000 };

test('a sweep of meta/ takes away what nothing needs any more', limit, async (context) => {
  const cache = new HandMadeCache(context);
  const here = cache.sealed('/var/log/a', 'a\n');
  const [gone, young] = [cache.sealed('/var/log/b', 'b\n'), cache.sealed('/var/log/c', 'c\n')];
  for (const chunk of [here, gone, young]) cache.tellPath(chunk, 'x');
  for (const chunk of [gone, young]) rmSync(join(cache.logs, chunk));
  const past = new Date(Date.now() - 3_600_000);
  for (const chunk of [here, gone]) utimesSync(join(cache.meta, provenanceName(chunk)), past, past);
  const progress = { active: gone, paused: here, former: gone };
  for (const [name, chunk] of Object.entries(progress)) {
    const stream = chunk.slice(0, 32);
    new Checkpoint(cache.meta, name, assert.fail).commit([[stream, { chunk, offset: 1, part: 0 }]]);
  }
  const foreign = ['clock', 'server.pid', `${checkpointName('x')}.corrupt-1`];
  for (const name of foreign) writeFileSync(join(cache.meta, name), '');
  const inventory = new ChunkInventory(cache.logs);
  await inventory.round();
  assert.deepEqual([...inventory.streams.keys()], [streamOf('/var/log/a')]);
  sweepMeta(cache.meta, inventory, ['active']);
  assert.deepEqual(
    readdirSync(cache.meta).sort(),
    [
      ...foreign,
      provenanceName(here),
      provenanceName(young),
      checkpointName('active'),
      checkpointName('paused'),
    ].sort(),
  );
});
