/** Suggestions for misspelt words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestWord } from '../../src/config/spelling.js';

const words = ['root', 'logfile', 'loglevel', 'ro'];

test('a misspelt word finds the nearest', () => {
  assert.equal(nearestWord('rot', words), 'root');
  assert.equal(nearestWord('LOGFLIE', words), 'logfile');
  assert.equal(nearestWord('loglvl', words), 'loglevel');
});

test('a word unlike any other finds none', () => {
  assert.equal(nearestWord('bogus', words), undefined);
  assert.equal(nearestWord('rx', words), undefined);
  assert.equal(nearestWord('', words), undefined);
});
