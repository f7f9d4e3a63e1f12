import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLogCache } from '../../src/daemon/log-cache.js';
import { removeLogCache } from '../../src/setup/remove-log-cache.js';
import { temporaryPrefix } from '../harness/project.js';

function makeCache(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'log'));
  const root = join(folder, 'cache');
  createLogCache(root, join(folder, 'log'), undefined);
  writeFileSync(join(root, 'logagg-fs.1.log'), '');
  return root;
}

test('a log cache without logs is removed', (t) => {
  const root = makeCache(t);
  assert.equal(removeLogCache(root), undefined);
  assert.equal(existsSync(root), false);
});

for (const [name, reason] of [
  ['mirror/syslog', /mirror holds files/],
  ['logs/f5fdf6ea0ea92860c6a6b2b354bfcbbc.1763700000.0000001.log', /chunks are not collected/],
  ['notes.txt', /notes\.txt is not ours/],
] as const) {
  test(`${name} keeps it as it is`, (t) => {
    const root = makeCache(t);
    writeFileSync(join(root, name), 'x');
    assert.match(removeLogCache(root) ?? '', reason);
    for (const kept of [name, 'trackfiles.txt', 'logs', 'meta', 'mirror'])
      assert.ok(existsSync(join(root, kept)), kept);
  });
}
