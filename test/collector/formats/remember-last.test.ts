import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rememberLast } from '../../../src/collector/formats/remember-last.js';

describe('a function that remembers its last result', { timeout: 60_000 }, () => {
  test('is called once for each run of the same argument', () => {
    const seen: (string | undefined)[] = [];
    const twice = rememberLast((text: string | undefined) => {
      seen.push(text);
      return `${text}${text}`;
    });
    assert.deepEqual(['a', 'a', 'b', 'a', undefined, undefined].map(twice), [
      ...['aa', 'aa', 'bb', 'aa', 'undefinedundefined', 'undefinedundefined'],
    ]);
    assert.deepEqual(seen, ['a', 'b', 'a', undefined]);
  });

  test('a first undefined is an argument like any other', () => {
    assert.equal(rememberLast((value: undefined) => String(value))(undefined), 'undefined');
  });
});
