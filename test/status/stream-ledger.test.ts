import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { StreamLedger } from '../../src/status/stream-ledger.js';

const counts = (bytes: number, lines = 0) => ({ bytes, lines, estimatedLines: 0 });

test('a path keeps its numbers when its stream ends and begins anew, and lives on in shared memory', () => {
  const slots = new StreamSlots();
  const ledger = new StreamLedger(() => slots);
  const slot = slots.take('/a');
  slots.grow(slot, 7);
  ledger.take({
    events: [
      { kind: 'begun', path: '/a', slot: 5 },
      { kind: 'ended', path: '/a', slot: 5, counts: counts(100, 3) },
      { kind: 'begun', path: '/a', slot },
    ],
    losses: [],
  });
  assert.deepEqual([ledger.totals().bytes, ledger.totals().lines], [107, 3]);
  slots.grow(slot, 1);
  assert.equal(ledger.totals().bytes, 108);
});

test('a number never shrinks: not when the slot is another stream’s before we hear of it', () => {
  const slots = new StreamSlots();
  const ledger = new StreamLedger(() => slots);
  const slot = slots.take('/a');
  ledger.take({ events: [{ kind: 'begun', path: '/a', slot }], losses: [] });
  slots.grow(slot, 1000);
  assert.equal(ledger.totals().bytes, 1000);
  slots.give(slot);
  slots.take('/a');
  slots.grow(slot, 3);
  assert.equal(ledger.totals().bytes, 1000);
  ledger.take({
    events: [
      { kind: 'ended', path: '/a', slot, counts: counts(1000) },
      { kind: 'begun', path: '/b', slot },
    ],
    losses: [],
  });
  assert.equal(ledger.totals().bytes, 1003);
});

test('losses are summed up by path, of a stream without a path under its md5', () => {
  const ledger = new StreamLedger(() => undefined);
  const id = 'f5fdf6ea0ea92860c6a6b2b354bfcbbc';
  ledger.take({ events: [], losses: [{ path: '/a', bytes: 10, lines: 1 }] });
  ledger.take({
    events: [],
    losses: [
      { path: '/a', bytes: 5, lines: 1 },
      { path: `stream ${id}`, bytes: 2, lines: 0 },
    ],
  });
  const told = [...ledger.entries()].map(({ entry, counts: { droppedBytes } }) => [entry.path, droppedBytes]);
  assert.deepEqual(told, [
    ['/a', 15],
    [`stream ${id}`, 2],
  ]);
  assert.equal([...ledger.entries()][1]?.entry.id, id);
});

test('the paths that ended first are forgotten, and stay in the totals', () => {
  const ledger = new StreamLedger(() => undefined);
  const paths = Array.from({ length: 20_005 }, (_, index) => `/log/${index}`);
  ledger.take({
    events: paths.map((path) => ({ kind: 'ended', path, slot: 0, counts: counts(2) })),
    losses: [],
  });
  assert.equal([...ledger.entries()].length, 20_000);
  assert.equal(ledger.totals().bytes, 40_010);
});
