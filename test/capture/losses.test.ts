import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Losses, type LossReport } from '../../src/capture/losses.js';

const ENOSPC = 28;

function report(changed: Partial<LossReport>): LossReport {
  return { path: '/a', errno: ENOSPC, writes: 0, chunks: 0, refused: 0, bytes: 0, lines: 0, ...changed };
}

test('a first loss is reported at once, further ones once a minute with their sum', () => {
  const losses = new Losses();
  losses.add('/a', ENOSPC, 10, 2);
  assert.deepEqual(losses.due(0), [report({ writes: 1, bytes: 10, lines: 2 })]);
  losses.add('/a', ENOSPC, 1);
  losses.add('/a', ENOSPC, 2);
  assert.deepEqual(losses.due(59_999), []);
  assert.deepEqual(losses.due(60_000), [report({ writes: 2, bytes: 3 })]);
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

test('dropped chunks and refused writes are counted with the path that they concern', () => {
  const losses = new Losses();
  losses.addDropped('md5', '/a', 'chunk', 100, 7);
  losses.addDropped('md5', '/a', 'chunk2', 50, 3);
  losses.addRefused('/a');
  losses.addDropped('md5b', undefined, 'chunk3', 1, 0);
  assert.deepEqual(losses.due(0), [
    report({ chunks: 2, refused: 1, bytes: 150, lines: 10 }),
    report({ path: 'stream md5b', chunks: 1, bytes: 1 }),
  ]);
  assert.equal(losses.totalBytes, 151);
});
