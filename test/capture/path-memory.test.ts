import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathMemory } from '../../src/capture/path-memory.js';

test('a path that was added is found once', () => {
  const memory = new PathMemory();
  memory.add('/a');
  assert.deepEqual([memory.take('/b'), memory.take('/a'), memory.take('/a')], [false, true, false]);
});

test('beyond its size every path is found: it never forgets', () => {
  const memory = new PathMemory();
  for (let i = 0; i <= 10_000; i++) memory.add(`/${i}`);
  assert.ok(memory.take('/0'));
  assert.ok(memory.take('/never added'));
});
