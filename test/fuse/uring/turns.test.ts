import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns, turnsSize } from '../../../src/fuse/uring/turns.js';
import { MemoryRegion } from '../../../src/libc/memory.js';

const patience = 100;

test('queue threads get on while they wait, and while each request is another; not at the same one for long', () => {
  const memory = new MemoryRegion(turnsSize(2));
  const thread = new Turns(memory);
  const owner = new Turns(memory);
  let now = 0;
  const getsOnAfter = (milliseconds: number): boolean => {
    now += milliseconds;
    return owner.getOn(now, patience);
  };
  assert.ok(getsOnAfter(1), 'none has begun');
  thread.turn(0);
  thread.turn(1);
  assert.ok(getsOnAfter(1) && getsOnAfter(patience), 'both wait');
  thread.turn(1);
  assert.ok(getsOnAfter(1), 'one has just got a request');
  assert.ok(getsOnAfter(patience - 1), 'it is still at it');
  assert.ok(!getsOnAfter(1), 'for too long');
  thread.turn(1);
  assert.ok(getsOnAfter(patience), 'it waits again');
  thread.turn(1);
  getsOnAfter(1);
  thread.turn(1);
  thread.turn(1);
  assert.ok(getsOnAfter(patience), 'it is at another');
});

test('several queue threads that take a while get on as long as each does', () => {
  const memory = new MemoryRegion(turnsSize(4));
  const thread = new Turns(memory);
  const owner = new Turns(memory);
  for (let round = 0; round < 100; round++) {
    const index = round % 4;
    // The first time it gets requests, later others without a wait in between.
    for (let turns = 2; turns > 0; turns--) thread.turn(index);
    assert.ok(owner.getOn((round * patience) / 5, patience));
  }
});
