import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ticksOf } from '../../src/capture/chunk-name.js';

describe('the chunk clock', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    path = join(folder, 'clock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('shows the time of the host', () => {
    const clock = new ChunkClock(path, 0n, () => 1_000);
    assert.equal(clock.next(), ticksOf(1_000));
    clock.close();
  });

  test('never shows a time twice', () => {
    const clock = new ChunkClock(path, 0n, () => 1_000);
    assert.equal(clock.next() + 1n, clock.next());
    clock.close();
  });

  test('goes on when the clock of the host steps back', () => {
    let now = 5_000;
    const clock = new ChunkClock(path, 0n, () => now);
    const before = clock.next();
    now = 1_000;
    assert.ok(clock.next() > before);
    clock.close();
  });

  test('goes on from where an earlier server was, though the clock stepped back and no chunk is left', () => {
    const earlier = new ChunkClock(path, 0n, () => 5_000);
    const before = earlier.next();
    earlier.close();
    const clock = new ChunkClock(path, 0n, () => 1_000);
    assert.ok(clock.next() > before);
    clock.close();
  });

  test('is later than the newest chunk, though its own file is lost', () => {
    const clock = new ChunkClock(path, ticksOf(9_000), () => 1_000);
    assert.ok(clock.next() > ticksOf(9_000));
    clock.close();
  });

  test('does without a file that makes no sense', () => {
    writeFileSync(path, 'not a number');
    const clock = new ChunkClock(path, 0n, () => 1_000);
    assert.equal(clock.next(), ticksOf(1_000));
    clock.close();
  });
});
