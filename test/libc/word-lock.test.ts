import assert from 'node:assert/strict';
import { once } from 'node:events';
import { beforeEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { MemoryRegion } from '../../src/libc/memory.js';
import { WordLock } from '../../src/libc/word-lock.js';
import { eventually } from '../harness/commands.js';
import type { ContenderSettings } from './lock-contender.js';

const limit = { timeout: 30_000 };
/** Words of the shared memory: each in a cache line of its own. */
const Word = { lock: 16, count: 32, length: 64 } as const;
/** What a lock's word holds while somebody sleeps for it. */
const CONTENDED = 2;

describe('a word lock', () => {
  let region: MemoryRegion;
  let lock: WordLock;

  beforeEach(() => {
    region = new MemoryRegion(Word.length * 4);
    lock = new WordLock(region);
  });

  function contend(rounds: number, keepsLock = false): Worker {
    const workerData: ContenderSettings = {
      place: region.place,
      lockWord: Word.lock,
      countWord: Word.count,
      rounds,
      keepsLock,
    };
    return new Worker(new URL('./lock-contender.js', import.meta.url), { workerData });
  }

  test('is held by one at a time', () => {
    assert.equal(lock.tryAcquire(Word.lock), true);
    assert.equal(lock.tryAcquire(Word.lock), false);
    lock.release(Word.lock);
    assert.equal(lock.tryAcquire(Word.lock), true);
  });

  test('does not touch its neighbours', () => {
    lock.acquire(Word.lock);
    assert.equal(lock.tryAcquire(Word.lock + 1), true);
    lock.release(Word.lock);
    assert.equal(lock.tryAcquire(Word.lock + 1), false);
  });

  test('loses no count of four threads that contend for it', limit, async () => {
    const rounds = 50_000;
    const threads = Array.from({ length: 4 }, () => contend(rounds));
    await Promise.all(threads.map((thread) => once(thread, 'exit')));
    assert.equal(region.integers[Word.count], 4 * rounds);
    assert.equal(lock.tryAcquire(Word.lock), true, 'free at the end');
  });

  test('held by a thread that is gone is released by another, and a sleeper wakes', limit, async () => {
    await once(contend(1, true), 'exit');
    assert.equal(lock.tryAcquire(Word.lock), false, 'nobody has released it');
    const sleeper = contend(1);
    const done = once(sleeper, 'message');
    await eventually(() => region.integers[Word.lock] === CONTENDED, { within: 10_000, what: 'a sleeper' });
    assert.equal(region.integers[Word.count], 1, 'the sleeper has to wait');
    lock.release(Word.lock);
    await done;
    assert.equal(region.integers[Word.count], 2);
  });

  test('wakes all sleepers, one after the other', limit, async () => {
    lock.acquire(Word.lock);
    const sleepers = Array.from({ length: 4 }, () => contend(1));
    const ends = sleepers.map((sleeper) => once(sleeper, 'exit'));
    await eventually(() => region.integers[Word.lock] === CONTENDED, { within: 10_000, what: 'a sleeper' });
    lock.release(Word.lock);
    await Promise.all(ends);
    assert.equal(region.integers[Word.count], 4);
  });
});
