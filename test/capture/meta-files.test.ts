/** Writing to `meta/`, in a temporary folder. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MetaFiles } from '../../src/capture/meta-files.js';
import { Errno } from '../../src/libc/errno.js';

describe('files of meta/', () => {
  let folder: string;
  let meta: string;
  let files: MetaFiles;
  const text = (): string => readFileSync(join(meta, 'x.ndjson'), 'utf8');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    meta = join(folder, 'meta');
    files = new MetaFiles(meta, undefined);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('begin with their header and grow by lines', () => {
    assert.equal(files.append('x.ndjson', 'é\n', 'a\n'), 0);
    assert.equal(files.append('x.ndjson', 'é\n', 'b\nc\n'), 0);
    assert.equal(text(), 'é\na\nb\nc\n');
  });

  test('are closed to others whatever the umask is, as is the folder, which is made when it is missing', () => {
    const umask = process.umask(0o777);
    try {
      files.append('x.ndjson', '', 'a\n');
    } finally {
      process.umask(umask);
    }
    assert.equal(statSync(meta).mode & 0o777, 0o700);
    assert.equal(statSync(join(meta, 'x.ndjson')).mode & 0o777, 0o600);
  });

  test('get their header again after they were removed', () => {
    files.append('x.ndjson', 'h\n', 'a\n');
    rmSync(join(meta, 'x.ndjson'));
    files.append('x.ndjson', 'h\n', 'b\n');
    assert.equal(text(), 'h\nb\n');
  });

  test('take a line longer than any', () => {
    const line = `${'\\u0001'.repeat(30_000)}\n`;
    assert.equal(files.append('x.ndjson', 'h\n', line), 0);
    assert.equal(text(), `h\n${line}`);
  });

  test('fail with an errno where there is no folder to be had', () => {
    writeFileSync(meta, '');
    assert.equal(files.append('x.ndjson', 'h\n', 'a\n'), -Errno.ENOTDIR);
  });

  test('are never written through a symbolic link', () => {
    mkdirSync(meta);
    symlinkSync(join(folder, 'elsewhere'), join(meta, 'x.ndjson'));
    assert.ok(files.append('x.ndjson', 'h\n', 'a\n') < 0);
    assert.deepEqual(readdirSync(folder), ['meta']);
  });

  test('are removed, also when they are gone', () => {
    files.append('x.ndjson', 'h\n', 'a\n');
    files.remove('x.ndjson');
    files.remove('x.ndjson');
    assert.deepEqual(readdirSync(meta), []);
  });
});
