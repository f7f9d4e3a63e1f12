import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { chunkName } from '../../src/capture/chunk-name.js';
import { SealedChunks } from '../../src/capture/sealed-chunks.js';
import { packedChunks } from '../harness/cache-room.js';

const name = (number: number): string => chunkName(String(number % 3).repeat(32), BigInt(number));

describe('sealed chunks', () => {
  let logs: string;
  beforeEach(() => {
    logs = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
  });
  afterEach(() => rmSync(logs, { recursive: true }));

  const add = (number: number): string => {
    writeFileSync(join(logs, name(number)), 'x');
    return name(number);
  };

  test('are named from the oldest on, over all streams, whatever the order of the folder', () => {
    const chunks = new SealedChunks(logs, packedChunks([5, 1, 4, 2].map((number) => [name(number), number])));
    chunks.add(name(7), 7);
    assert.equal(chunks.bytes, 19);
    const named = Array.from({ length: 5 }, () => chunks.nextOldest());
    assert.deepEqual(named, [1, 2, 4, 5, 7].map(name));
    assert.equal(chunks.nextOldest(), undefined);
    assert.equal(chunks.remove(name(4)), 4);
    assert.equal(chunks.remove(name(4)), 0);
    assert.equal(chunks.bytes, 15);
    assert.equal(chunks.nextOldest(), name(1), 'what could not be dropped comes again');
  });

  test('that a collector has deleted are noticed when a look has come round', () => {
    const chunks = new SealedChunks(logs, packedChunks([1, 2, 3, 4].map((number) => [add(number), 10])));
    for (const number of [1, 3]) rmSync(join(logs, name(number)));
    assert.equal(chunks.look(1), 0);
    assert.ok(chunks.isLooking);
    // Sealed while the look is under way, and not there any more before it ends: the next look's business.
    chunks.add(name(9), 10);
    assert.equal(chunks.look(), 20);
    assert.deepEqual([chunks.isLooking, chunks.count, chunks.bytes], [false, 3, 30]);
    assert.equal(chunks.look(), 10);
  });

  test('are all kept when the folder can not be read', () => {
    const chunks = new SealedChunks(join(logs, 'missing'), packedChunks([[name(1), 5]]));
    assert.equal(chunks.look(), 0);
    assert.equal(chunks.bytes, 5);
  });

  test('ask for a look when there are many more than there were', () => {
    const chunks = new SealedChunks(logs);
    for (let number = 0; number < 1000; number++) {
      assert.equal(chunks.hasGrown, false);
      chunks.add(name(number), 1);
    }
    assert.equal(chunks.hasGrown, true);
    assert.equal(chunks.look(), 1000, 'none of them is there');
    assert.equal(chunks.hasGrown, false);
  });
});
