import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratesBetween } from '../../src/status/rates.js';
import { sampleStatus, sampleStream } from './status-samples.js';

const captured = (bytes: number, lines: number) => ({
  bytes,
  lines,
  estimatedLines: 0,
  droppedBytes: 0,
  droppedLines: 0,
});
const before = sampleStatus();
const later = { time: '2026-11-21T10:00:02.000Z' };

test('rates are growth by the seconds between two documents of one process', () => {
  const now = sampleStatus({
    ...later,
    captured: captured(5000, 30),
    streams: [sampleStream('/var/log/syslog', { capturedBytes: 4000, capturedLines: 20 })],
  });
  const rates = ratesBetween(before, now);
  assert.deepEqual(rates.captured, { bytes: 2000, lines: 10 });
  assert.deepEqual(rates.streams.get('/var/log/syslog'), { bytes: 1500, lines: 5 });
});

test('another process has counted anew: there is no rate', () => {
  assert.equal(ratesBetween(before, sampleStatus({ ...later, pid: 101 })).captured, undefined);
});

test('nothing to compare with, or no time in between: there is no rate', () => {
  assert.equal(ratesBetween(undefined, before).captured, undefined);
  assert.equal(ratesBetween(before, before).captured, undefined);
});

test('a stream that is new began at nothing', () => {
  const streams = [sampleStream('/var/log/new', { capturedBytes: 10, capturedLines: 2 })];
  assert.deepEqual(ratesBetween(before, sampleStatus({ ...later, streams })).streams.get('/var/log/new'), {
    bytes: 5,
    lines: 1,
  });
});
