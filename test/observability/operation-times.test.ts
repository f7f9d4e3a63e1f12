import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Opcode } from '../../src/fuse/opcode.js';
import { bucketBounds, OperationTimes, quantile, SAMPLING } from '../../src/observability/operation-times.js';

function serve(times: OperationTimes, opcode: number): void {
  const begun = times.begin(opcode);
  if (begun >= 0) times.end(opcode, begun);
}

test('every operation is counted, and of the frequent kinds one in 16 is timed', () => {
  const times = new OperationTimes();
  for (let i = 0; i < 10 * SAMPLING; i++) serve(times, Opcode.WRITE);
  for (let i = 0; i < 5; i++) serve(times, Opcode.FSYNC);
  const [write, fsync] = times.totals();
  assert.deepEqual([write?.kind, write?.count, write?.timed], ['write', 10 * SAMPLING, 10]);
  assert.deepEqual([fsync?.kind, fsync?.count, fsync?.timed], ['fsync', 5, 5]);
});

test('threads count apart and are summed up', () => {
  const first = new OperationTimes();
  const other = new OperationTimes(first.memory, 9);
  serve(first, Opcode.OPEN);
  serve(other, Opcode.OPEN);
  assert.equal(first.totals()[0]?.count, 2);
});

test('what another thread does instead is counted there alone', () => {
  const times = new OperationTimes();
  times.begin(Opcode.READ);
  times.leave(Opcode.READ);
  assert.deepEqual(times.totals(), []);
});

test('a time falls into the bucket whose bound it does not exceed, and percentiles follow from that', () => {
  const times = new OperationTimes();
  for (const milliseconds of [0, 3, 3, 3, 3, 3, 3, 3, 3, 100_000]) {
    times.begin(Opcode.RENAME);
    times.end(Opcode.RENAME, performance.now() - milliseconds);
  }
  const [rename] = times.totals();
  assert.ok(rename);
  assert.equal(rename.buckets.at(-1), 1, 'above all bounds');
  assert.equal(rename.buckets[bucketBounds.indexOf(5e-3)], 8);
  const median = quantile(rename, 0.5) ?? 0;
  assert.ok(median > 2e-3 && median <= 5e-3, `median ${median}`);
});

test('an opcode that no kernel has is no reason to write elsewhere', () => {
  const times = new OperationTimes();
  serve(times, 0xffff_ffff);
  serve(times, 4096);
  assert.equal(times.totals().length, 0);
});
