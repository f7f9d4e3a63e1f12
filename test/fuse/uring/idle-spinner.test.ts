import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Activity } from '../../../src/fuse/uring/activity.js';
import type { IdleSpinnerSettings } from '../../../src/fuse/uring/idle-spinner.js';
import { eventually } from '../../harness/commands.js';

const limit = { timeout: 60_000 };
/** Word indices into the memory of an {@link Activity}. */
const Word = { batches: 0, isAsleep: 16, wakeAt: 17 } as const;
const wordsOf = ({ memory }: Activity): Int32Array => new Int32Array(memory);
/** Batches in vain until it gives up, and batches that it then sleeps through. */
const misses = 8;
const longSleep = 1024;

describe('the thread that keeps a CPU awake', () => {
  let activity: Activity;
  let spinner: Worker;
  let ended: Promise<unknown[]>;

  beforeEach(() => {
    activity = new Activity();
    spinner = start(activity, 50);
    ended = once(spinner, 'exit');
  });
  // By itself: koffi ends the process when the thread that loads it is terminated.
  afterEach(async () => {
    activity.end();
    await ended;
  }, limit);

  function start({ memory }: Activity, busyPollMicroseconds: number): Worker {
    const workerData: IdleSpinnerSettings = { activity: memory, busyPollMicroseconds };
    return new Worker(new URL('../../../src/fuse/uring/idle-spinner.js', import.meta.url), { workerData });
  }

  /** Waits until it sleeps. @returns for how many batches */
  async function asleep(): Promise<number> {
    const words = wordsOf(activity);
    await eventually(() => Atomics.load(words, Word.isAsleep) === 1, { within: 20_000, what: 'its sleep' });
    return (words[Word.wakeAt] ?? 0) - activity.count;
  }

  test('sleeps while nothing comes, and wakes at the first request', limit, async () => {
    assert.equal(await asleep(), 1);
    activity.tell();
    assert.equal(wordsOf(activity)[Word.isAsleep], 0);
  });

  test('sleeps longer after it was woken in vain again and again', limit, async () => {
    for (let miss = 0; miss < misses; miss++) {
      assert.equal(await asleep(), 1, `after ${miss} times in vain`);
      activity.tell();
    }
    assert.equal(await asleep(), longSleep);
    for (let batch = 1; batch < longSleep; batch++) activity.tell();
    assert.equal(wordsOf(activity)[Word.isAsleep], 1, 'not yet');
    activity.tell();
    assert.equal(wordsOf(activity)[Word.isAsleep], 0);
  });

  test('goes on trying while requests come quickly', limit, async () => {
    // Time enough to tell it again, however busy the host is.
    const patient = new Activity();
    const thread = start(patient, 2_000_000);
    const patientEnd = once(thread, 'exit');
    await eventually(() => Atomics.load(wordsOf(patient), Word.isAsleep) === 1, { within: 20_000 });
    for (let batch = 0; batch < 3 * misses; batch++) patient.tell();
    assert.equal(Atomics.load(wordsOf(patient), Word.isAsleep), 0);
    patient.end();
    await patientEnd;
  });

  test('ends while it sleeps, also for long', limit, async () => {
    await asleep();
    activity.end();
    assert.deepEqual(await ended, [0]);
  });

  test('ends when the end came before it began', limit, async () => {
    const over = new Activity();
    over.end();
    assert.deepEqual(await once(start(over, 50), 'exit'), [0]);
  });
});

describe('what queue threads tell of requests', () => {
  test('is counted for every thread that has the memory', () => {
    const activity = new Activity();
    const other = new Activity(activity.memory);
    activity.tell();
    other.tell();
    assert.deepEqual([activity.count, other.count], [2, 2]);
    assert.equal(other.isOver, false);
    activity.end();
    assert.equal(other.isOver, true);
  });

  test('wakes a sleeper when the count overflows, too', () => {
    const activity = new Activity();
    const words = wordsOf(activity);
    words[Word.batches] = 0x7fffffff;
    words[Word.wakeAt] = -0x80000000;
    words[Word.isAsleep] = 1;
    activity.tell();
    assert.equal(words[Word.isAsleep], 0);
  });
});
