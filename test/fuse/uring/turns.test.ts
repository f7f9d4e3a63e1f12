import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns, turnsSize } from '../../../src/fuse/uring/turns.js';
import { MemoryRegion } from '../../../src/libc/memory.js';

test('queue threads get on while they wait, and while each request is another; not at the same one for long', () => {
  const memory = new MemoryRegion(turnsSize(2));
  const thread = new Turns(memory);
  const owner = new Turns(memory);
  assert.ok(owner.takeProgress(), 'none has begun');
  thread.turn(0);
  thread.turn(1);
  assert.deepEqual([owner.takeProgress(), owner.takeProgress()], [true, true], 'both wait');
  thread.turn(1);
  assert.ok(owner.takeProgress(), 'one has just got a request');
  assert.ok(!owner.takeProgress(), 'it is still at it');
  thread.turn(1);
  assert.ok(owner.takeProgress(), 'it waits again');
  thread.turn(1);
  owner.takeProgress();
  thread.turn(1);
  thread.turn(1);
  assert.ok(owner.takeProgress(), 'it is at another');
});
