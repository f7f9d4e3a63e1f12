import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkOfMeta, metaName } from '../../src/capture/meta-name.js';

const stem = 'f5fdf6ea0ea92860c6a6b2b354bfcbbc.1763700000.1234567';

test('what is known about a chunk is in a file of its name with another ending', () => {
  assert.equal(metaName(`${stem}.log`), `${stem}.ndjson`);
  assert.equal(chunkOfMeta(`${stem}.ndjson`), `${stem}.log`);
});

test('no other file of meta/ belongs to a chunk', () => {
  for (const name of [
    'clock',
    'server.pid',
    `${stem}.log`,
    `${stem}`,
    `x${stem}.ndjson`,
    'a.ndjson',
    `${stem}.ndjson~`,
  ]) {
    assert.equal(chunkOfMeta(name), undefined, name);
  }
});
