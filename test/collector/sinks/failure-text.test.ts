import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureText, foreignText } from '../../../src/collector/sinks/failure-text.js';

test('an error of several addresses says what each has said', () => {
  const errors = ['::1', '127.0.0.1'].map((address) => new Error(`connect ECONNREFUSED ${address}:1`));
  assert.equal(failureText(new AggregateError(errors)), 'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1');
});

test('text of a server is one short line', () => {
  assert.equal(foreignText(' a\r\n\u001b[31mb ', []), 'a [31mb');
  assert.equal(foreignText('x'.repeat(1000), []).length, 201);
});

test('a secret that a server repeats is blanked out', () => {
  assert.equal(foreignText('no user me:hunter2 here', ['hunter2']), 'no user me:… here');
});
