import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { isFull, type RotationRule, rotate } from '../../../src/collector/sinks/rotation.js';
import { temporaryPrefix } from '../../harness/project.js';

const never: RotationRule = { size: Number.POSITIVE_INFINITY, period: undefined, keep: Number.POSITIVE_INFINITY };
const noon = new Date(2026, 10, 21, 12, 59, 59);
const later = new Date(2026, 10, 21, 13, 0, 0);
const nextDay = new Date(2026, 10, 22, 12, 0, 0);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function rotateAt(time: string, keep: number): Promise<void> {
  writeFileSync(join(folder, 'app.log'), time);
  await rotate(join(folder, 'app.log'), { ...never, keep }, new Date(time));
}

test('a file is full before the batch that would make it too large', () => {
  const rule = { ...never, size: 100 };
  assert.equal(isFull(rule, 60, 40, noon, noon), false);
  assert.equal(isFull(rule, 60, 41, noon, noon), true);
  assert.equal(isFull(rule, 0, 1000, noon, noon), false);
});

test('a file of the last hour or day is full', () => {
  assert.equal(isFull({ ...never, period: 'hourly' }, 1, 1, noon, later), true);
  assert.equal(isFull({ ...never, period: 'daily' }, 1, 1, noon, later), false);
  assert.equal(isFull({ ...never, period: 'daily' }, 1, 1, noon, nextDay), true);
  assert.equal(isFull(never, 1, 1, noon, nextDay), false);
});

test('the oldest files are removed, and only those that rotation has made', async () => {
  const others = ['app.log.1', 'app.log.20261121T050000.000Z.gz', 'app.log2', 'other.log.20201121T050000.000Z'];
  for (const name of others) writeFileSync(join(folder, name), '');
  for (const hour of ['05', '06', '07', '08']) await rotateAt(`2026-11-21T${hour}:00:00.000Z`, 2);
  const kept = ['app.log.20261121T070000.000Z', 'app.log.20261121T080000.000Z'];
  assert.deepEqual(readdirSync(folder).sort(), [...others, ...kept].sort());
});

test('a clock that steps back does not disturb the order', async () => {
  await rotateAt('2026-11-21T05:00:00.000Z', 10);
  await rotateAt('2026-11-21T04:00:00.000Z', 10);
  await rotateAt('2026-11-21T05:00:00.001Z', 10);
  const names = readdirSync(folder).sort();
  assert.deepEqual(
    names,
    ['000', '001', '002'].map((end) => `app.log.20261121T050000.${end}Z`),
  );
});
