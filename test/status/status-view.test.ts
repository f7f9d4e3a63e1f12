import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRates, ratesBetween } from '../../src/status/rates.js';
import type { FullStatus } from '../../src/status/status-document.js';
import { viewStatus } from '../../src/status/status-view.js';
import { sampleCollector, sampleStatus, sampleStream } from './status-samples.js';

const options = { width: 120, height: undefined, colours: false };
const view = (status: FullStatus, changed: Partial<typeof options> = {}): string[] =>
  viewStatus(status, noRates, { ...options, ...changed });

function silent(state: 'silent' | 'absent'): FullStatus {
  return { ...sampleStatus(), server: { state, reason: 'process 100 …', status: null } };
}

test('server, capture, collector, destinations and streams are shown', () => {
  const text = view(sampleStatus()).join('\n');
  for (const part of [/running for 1 h, pid 100/, /transport uring/, /1000 B, 10 lines/, /archive +12 +10/, /syslog/]) {
    assert.match(text, part);
  }
});

test('no line is wider than the terminal, whatever there is to show', () => {
  const path = `/var/log/${'very-long-name/'.repeat(20)}x.log`;
  const status = sampleStatus({ streams: [sampleStream(path)], how: 'x'.repeat(300) });
  for (const width of [100, 120, 200]) {
    for (const line of view(status, { width })) assert.ok([...line].length <= width, line);
  }
});

test('streams that do not fit the height are left out, those that lose something last, and it says how many', () => {
  const streams = Array.from({ length: 50 }, (_, index) => sampleStream(`/log/${index}`));
  streams.push(sampleStream('/log/lossy', { droppedBytes: 1 }));
  const lines = viewStatus(sampleStatus({ streams }), noRates, { ...options, height: 24 });
  assert.ok(lines.length <= 24, `${lines.length} lines`);
  assert.ok(lines.some((line) => line.startsWith('/log/lossy')));
  assert.match(lines.at(-1) ?? '', /^\d+ more/);
});

test('a server that is gone, or hangs, is said to be, and what waits is shown all the same', () => {
  assert.match(view(silent('absent')).join('\n'), /not running: process 100.*1000 B in 1 chunk/s);
  assert.match(view(silent('silent')).join('\n'), /does not answer/);
});

test('a destination that fails says why, and a collector that is gone leaves what waits for its destinations', () => {
  const [archive] = sampleCollector().destinations;
  assert.ok(archive);
  const failing = sampleStatus();
  failing.collector.status?.destinations.splice(0, 1, { ...archive, failure: 'connect ECONNREFUSED' });
  assert.match(view(failing).join('\n'), /connect ECONNREFUSED/);
  const backlog = { chunks: 2, bytes: 77, oldestSeconds: 9 };
  const resting = {
    state: 'absent' as const,
    reason: 'there is none',
    status: null,
    resting: [{ name: 'a', backlog }],
  };
  assert.match(view({ ...sampleStatus(), collector: resting }).join('\n'), /no collector.*77 B/s);
});

test('what a log is called can’t steer the terminal', () => {
  const status = sampleStatus({ streams: [sampleStream('/log/\x1b[2Jgone\u202e')] });
  assert.match(view(status).join(''), /^[^\p{Cc}\p{Cf}]*$/u, 'without colours there is no escape at all');
});

test('rates are shown where there are two documents', () => {
  const now = sampleStatus({
    time: '2026-11-21T10:00:02.000Z',
    captured: { bytes: 3048, lines: 30, estimatedLines: 0, droppedBytes: 0, droppedLines: 0 },
  });
  const lines = viewStatus(now, ratesBetween(sampleStatus(), now), options);
  assert.match(lines.join('\n'), /1.0 KiB\/s, 10 lines\/s/);
});
