import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitations } from '../../../src/fuse/fuse-native/limitations.js';
import { allCases } from '../../integration/behaviour/all-cases.js';

test('every limitation is a behaviour of the table', () => {
  const names = new Set(allCases.map(({ name }) => name));
  assert.deepEqual(
    [...limitations.keys()].filter((name) => !names.has(name)),
    [],
  );
});
