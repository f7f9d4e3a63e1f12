import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SlotMailbox } from '../../../src/fuse/uring/slot-mailbox.js';
import { eventfd, poll, read } from '../../../src/libc/calls.js';
import { MemoryRegion } from '../../../src/libc/memory.js';
import type { SenderSettings } from './slot-sender.js';

/** EFD_NONBLOCK. */
const EVENTFD_FLAGS = 0o4000;
const POLLIN = 1;

describe('a mailbox of slots', () => {
  let wakeFd: number;
  const pollfd = new MemoryRegion(8);
  const counter = new MemoryRegion(8);

  beforeEach(() => {
    wakeFd = eventfd(0, EVENTFD_FLAGS);
    pollfd.bytes.writeInt32LE(wakeFd, 0);
    pollfd.bytes.writeInt16LE(POLLIN, 4);
  });
  afterEach(() => closeSync(wakeFd));

  const isWoken = (milliseconds: number): boolean => poll(pollfd.address, 1, milliseconds) === 1;

  test('gives slots back in the order of sending, slot 0 too', () => {
    const mailbox = SlotMailbox.create(4, wakeFd);
    for (const slot of [3, 0, 2]) mailbox.send(slot);
    assert.deepEqual([mailbox.take(), mailbox.take(), mailbox.take(), mailbox.take()], [3, 0, 2, -1]);
  });

  test('holds all slots at a time, round after round', () => {
    const mailbox = SlotMailbox.create(33, wakeFd);
    const all = Array.from({ length: 33 }, (_, slot) => slot);
    for (let round = 0; round < 10; round++) {
      for (const slot of all) mailbox.send(slot);
      assert.deepEqual(
        all.map(() => mailbox.take()),
        all,
      );
      assert.equal(mailbox.take(), -1);
    }
  });

  test('wakes a taker that sleeps, once, and none that is awake', () => {
    const mailbox = SlotMailbox.create(4, wakeFd);
    mailbox.send(0);
    assert.equal(isWoken(0), false, 'awake');
    mailbox.take();
    assert.equal(mailbox.prepareToSleep(), true);
    mailbox.send(1);
    mailbox.send(2);
    assert.equal(isWoken(0), true);
    read(wakeFd, counter.address, 8);
    assert.equal(counter.words[0], 1);
  });

  test('lets no taker sleep that has something to take', () => {
    const mailbox = SlotMailbox.create(4, wakeFd);
    mailbox.send(1);
    assert.equal(mailbox.prepareToSleep(), false);
    assert.equal(mailbox.take(), 1);
    mailbox.send(2);
    assert.equal(isWoken(0), false, 'the taker is awake again');
  });

  test('loses nothing and doubles nothing among four senders and a taker that sleeps', {
    timeout: 60_000,
  }, async () => {
    const senders = 4;
    const each = 32;
    const slots = senders * each;
    const rounds = 2000;
    const mailbox = SlotMailbox.create(slots, wakeFd);
    const region = new MemoryRegion((2 * slots + 2) * 4);
    const words = region.integers;
    const settings = { mailbox: mailbox.place, memory: region.place, slots, count: each, rounds };
    const threads = Array.from({ length: senders }, (_, sender) => {
      const workerData: SenderSettings = { ...settings, first: sender * each };
      return new Worker(new URL('./slot-sender.js', import.meta.url), { workerData });
    });
    const ends = threads.map((thread) => once(thread, 'exit'));
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    Atomics.store(words, 2 * slots, 1);

    let sleeps = 0;
    let waitedInVain = false;
    const next = Array.from({ length: senders }, () => 0);
    const unexpected: string[] = [];
    for (let taken = 0; taken < slots * rounds && !waitedInVain && unexpected.length === 0; ) {
      const slot = mailbox.take();
      if (slot < 0) {
        if (!mailbox.prepareToSleep()) continue;
        sleeps++;
        waitedInVain = !isWoken(10_000);
        read(wakeFd, counter.address, 8);
        mailbox.awake();
        continue;
      }
      const sender = Math.floor(slot / each);
      const turn = next[sender] ?? 0;
      const round = Math.floor(turn / each) + 1;
      if (slot !== sender * each + (turn % each)) unexpected.push(`slot ${slot} at turn ${turn} of sender ${sender}`);
      if (words[slot] !== round) unexpected.push(`slot ${slot} shows ${words[slot]} in round ${round}`);
      next[sender] = turn + 1;
      taken++;
      Atomics.store(words, slots + slot, round);
    }
    await Promise.all(unexpected.length > 0 || waitedInVain ? threads.map((thread) => thread.terminate()) : ends);
    assert.deepEqual(unexpected, []);
    assert.equal(waitedInVain, false, 'a wake-up was lost');
    assert.notEqual(sleeps, 0, 'the taker slept');
    assert.equal(mailbox.take(), -1);
  });
});
