import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSummary } from './strace-summary.js';

const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.54    0.000080          13         6         2 read
 38.46    0.000050          16         3           pwrite64
------ ----------- ----------- --------- --------- ----------------
100.00    0.000130          14         9         2 total
`;

test('calls that failed are counted apart, and the total is no call', () => {
  const counts = parseSummary(summary);
  assert.deepEqual(
    [...counts],
    [
      ['read', 4],
      ['read, failed', 2],
      ['pwrite64', 3],
    ],
  );
});
