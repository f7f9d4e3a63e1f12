/** Removing what nobody needs from `meta/`, in a temporary folder. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MetaSweep } from '../../src/capture/meta-sweep.js';

const stem = (digit: number): string => `f5fdf6ea0ea92860c6a6b2b354bfcbbc.1763700000.000000${digit}`;

describe('a sweep of meta/', () => {
  let folder: string;
  let meta: string;
  let logs: string;
  let failures: string[];
  let sweep: MetaSweep;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    meta = join(folder, 'meta');
    logs = join(folder, 'logs');
    mkdirSync(meta);
    mkdirSync(logs);
    failures = [];
    sweep = new MetaSweep(meta, logs, (error) => failures.push(error.message));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('removes files of chunks that are gone, and no others', async () => {
    const others = ['clock', 'server.pid', `${stem(1)}.offset`, 'checkpoint.ndjson', `${stem(1)}.ndjson.new`];
    for (const name of [...others, `${stem(1)}.ndjson`, `${stem(2)}.ndjson`]) writeFileSync(join(meta, name), '');
    writeFileSync(join(logs, `${stem(2)}.log`), '');
    await sweep.sweep();
    assert.deepEqual(readdirSync(meta).sort(), [...others, `${stem(2)}.ndjson`].sort());
    rmSync(join(logs, `${stem(2)}.log`));
    await sweep.sweep();
    assert.deepEqual(readdirSync(meta).sort(), others.sort());
    assert.deepEqual(failures, []);
  });

  test('removes nothing while there is no logs/, says so once, and goes on later', async () => {
    writeFileSync(join(meta, `${stem(1)}.ndjson`), '');
    rmSync(logs, { recursive: true });
    await sweep.sweep();
    await sweep.sweep();
    assert.equal(readdirSync(meta).length, 1);
    assert.equal(failures.length, 1);
    mkdirSync(logs);
    await sweep.sweep();
    assert.equal(readdirSync(meta).length, 0);
  });
});
