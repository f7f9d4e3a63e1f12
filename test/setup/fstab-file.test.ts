import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  encodeField,
  hasSetupMark,
  isLogaggEntry,
  parseFstab,
  replaceFile,
  withLine,
  withoutLines,
} from '../../src/setup/fstab-file.js';
import { temporaryPrefix } from '../harness/project.js';

const text = `# a comment /var/log fuse
UUID=1 /  ext4 errors=remount-ro 0 1

\tlogagg-fs#x /var/my\\040log/ fuse root=/c,x-logagg-fs.setup 0 0
none /proc proc`;

test('entries are found by their mountpoint field, however it is written', () => {
  const entries = parseFstab(text);
  assert.deepEqual(
    entries.map(({ line, mountpoint, options }) => [line, mountpoint, options]),
    [
      [2, '/', 'errors=remount-ro'],
      [4, '/var/my log', 'root=/c,x-logagg-fs.setup'],
      [5, '/proc', 'defaults'],
    ],
  );
  assert.deepEqual(entries.map(isLogaggEntry), [false, true, false]);
  assert.deepEqual(entries.map(hasSetupMark), [false, true, false]);
});

test('a line that is added and removed again leaves every byte as it was', () => {
  for (const before of [`${text}\n`, '']) {
    const after = withLine(before, `logagg-fs ${encodeField('/a b')} logagg-fs root=/c 0 0`);
    const added = parseFstab(after).at(-1);
    assert.equal(added?.mountpoint, '/a b');
    assert.equal(withoutLines(after, [added.line]), before);
  }
});

test('a line that is added to a file without a last newline stands alone', () => {
  assert.equal(withLine('a', 'b'), 'a\nb\n');
});

test('the file keeps owner and mode, and nothing stays beside it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'fstab');
  writeFileSync(file, 'old\n');
  chmodSync(file, 0o640);
  if (process.getuid?.() === 0) chownSync(file, 1, 4);
  const before = statSync(file);
  replaceFile(file, 'new\n');
  const after = statSync(file);
  assert.equal(readFileSync(file, 'utf8'), 'new\n');
  assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
  assert.notEqual(after.ino, before.ino);
  assert.deepEqual(readdirSync(folder), ['fstab']);
});
