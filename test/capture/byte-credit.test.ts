import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteCredit } from '../../src/capture/byte-credit.js';

test('no more is taken than was granted', () => {
  const credit = new ByteCredit();
  assert.equal(credit.tryTake(1), false);
  credit.give(10);
  assert.equal(credit.tryTake(11), false);
  assert.equal(credit.tryTake(6), true);
  assert.equal(credit.tryTake(5), false);
  assert.equal(credit.tryTake(4), true);
  assert.equal(credit.reclaim(), 0);
});

test('what was overdrawn is missing from the next grant', () => {
  const credit = new ByteCredit();
  credit.overdraw(3);
  credit.give(5);
  assert.equal(credit.tryTake(3), false);
  assert.equal(credit.reclaim(), 2);
});

test('threads see one credit', () => {
  const credit = new ByteCredit();
  credit.give(7);
  assert.equal(new ByteCredit(credit.region).reclaim(), 7);
});
