import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { chunkName, streamId } from '../../src/capture/chunk-name.js';
import { sealLeftoverChunks } from '../../src/capture/leftover-chunks.js';
import { unpackChunks } from '../../src/capture/packed-chunks.js';

test('chunks of an earlier server are sealed, foreign files are left alone', (t) => {
  const logs = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
  t.after(() => rmSync(logs, { recursive: true }));
  const add = (name: string, mode: number): string => {
    const path = join(logs, name);
    writeFileSync(path, 'x\n');
    chmodSync(path, mode);
    return path;
  };
  const stream = streamId('/var/log/app.log');
  const live = add(chunkName(stream, 30n), 0o600);
  const shared = add(chunkName(stream, 20n), 0o640);
  const sealed = add(chunkName(stream, 10n), 0o440);
  const empty = add(chunkName(stream, 5n), 0o600);
  truncateSync(empty);
  const foreign = add(`${chunkName(stream, 30n)}.offset`, 0o600);

  const { packed, ...found } = sealLeftoverChunks(logs);
  const sizes = new Map<string, number>();
  unpackChunks(packed, sizes);
  assert.deepEqual(
    [...sizes].sort(),
    [sealed, shared, live].map((path) => [basename(path), 2]),
  );
  assert.deepEqual(found, {
    chunks: 4,
    sealed: 2,
    newest: 30n,
  });
  assert.equal(existsSync(empty), false, 'a chunk without a byte is no chunk');
  const mode = (path: string): number => statSync(path).mode & 0o777;
  assert.deepEqual([live, shared, sealed, foreign].map(mode), [0o400, 0o440, 0o440, 0o600]);
});
