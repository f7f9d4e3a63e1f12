import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Losses } from '../../src/capture/losses.js';

const ENOSPC = 28;

test('a first loss is reported at once, further ones once a minute with their sum', () => {
  const losses = new Losses();
  losses.add('/a', ENOSPC, 10);
  assert.deepEqual(losses.due(0), [{ path: '/a', errno: ENOSPC, writes: 1, bytes: 10 }]);
  losses.add('/a', ENOSPC, 1);
  losses.add('/a', ENOSPC, 2);
  assert.deepEqual(losses.due(59_999), []);
  assert.deepEqual(losses.due(60_000), [{ path: '/a', errno: ENOSPC, writes: 2, bytes: 3 }]);
});

test('losses of different files are reported apart, and summed up', () => {
  const losses = new Losses();
  losses.add('/a', ENOSPC, 10);
  losses.add('/b', ENOSPC, 5);
  assert.deepEqual(
    losses.due(0).map(({ path }) => path),
    ['/a', '/b'],
  );
  assert.equal(losses.totalBytes, 15);
});

test('a file that lost nothing more is forgotten', () => {
  const losses = new Losses();
  losses.add('/a', ENOSPC, 10);
  losses.due(0);
  assert.deepEqual(losses.due(60_000), []);
  losses.add('/a', ENOSPC, 1);
  assert.equal(losses.due(60_001).length, 1, 'and reported at once again');
});
