import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, countText, durationText, latencyText } from '../../src/status/quantities.js';

test('bytes, counts, durations and latencies as people read them', () => {
  assert.deepEqual([0, 1023, 1024, 1_048_575, 1.5 * 1024 ** 3].map(bytesText), [
    ...['0 B', '1023 B', '1.0 KiB', '1.0 MiB', '1.5 GiB'],
  ]);
  assert.deepEqual([0, 12_345, 100_000, 1_234_567].map(countText), ['0', '12,345', '100 k', '1.2 M']);
  assert.deepEqual([0.4, 59, 61, 3600, 7500, 86_400 * 3 + 4 * 3600].map(durationText), [
    ...['0 s', '59 s', '1 min', '1 h', '2 h 5 min', '3 d 4 h'],
  ]);
  assert.deepEqual([12, 3400, 2_500_000].map(latencyText), ['12 µs', '3.4 ms', '2.5 s']);
});
