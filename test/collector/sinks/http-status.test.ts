import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfter, retryOf, statusError } from '../../../src/collector/sinks/http-status.js';

test('only what speaks about the content is a refusal for good', () => {
  for (const status of [400, 413, 422]) assert.equal(retryOf(status), 'never', String(status));
  for (const status of [301, 401, 403, 404, 408, 410, 429, 431, 500, 502, 503, 504, 507]) {
    assert.equal(retryOf(status), 'later', String(status));
  }
});

test('a redirect is named', () => {
  const error = statusError(301, '', 'https://other/');
  assert.equal(error.message, 'it answers 301, which points to https://other/: change the URL');
});

test('Retry-After is seconds or a date, and an hour at most', () => {
  const now = Date.parse('2026-11-21T05:00:00Z');
  assert.equal(retryAfter(undefined, now), 0);
  assert.equal(retryAfter('3', now), 3000);
  assert.equal(retryAfter('Sat, 21 Nov 2026 05:00:10 GMT', now), 10_000);
  assert.equal(retryAfter('Sat, 21 Nov 2026 04:00:00 GMT', now), 0);
  assert.equal(retryAfter('99999999', now), 3_600_000);
  assert.equal(retryAfter('soon', now), 0);
});
