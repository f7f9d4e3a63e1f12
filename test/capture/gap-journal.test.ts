import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { GapJournal } from '../../src/capture/gap-journal.js';
import { Errno } from '../../src/libc/errno.js';

const loss = {
  stream: 'md5',
  path: '/var/log/a',
  errno: Errno.ENOSPC as number,
  bytes: 10,
  lines: 1,
  chunk: undefined as string | undefined,
};

describe('the journal of gaps', () => {
  let folder: string;
  let journal: GapJournal;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    journal = new GapJournal(folder, undefined);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const written = (stream = 'md5'): Record<string, unknown>[] =>
    readFileSync(join(folder, `${stream}.gaps.ndjson`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
        assert.match(String(time), /^\d{19}$/);
        return rest;
      });

  test('sums up what comes between two rounds, dropped chunks apart from bytes that came to none', () => {
    journal.add(loss);
    journal.add({ ...loss, bytes: 5, lines: 0 });
    journal.add({ ...loss, bytes: 100, lines: 9, chunk: 'first' });
    journal.add({ ...loss, bytes: 200, lines: 8, chunk: 'second' });
    journal.add({ ...loss, errno: Errno.EIO });
    journal.flush();
    const path = '/var/log/a';
    assert.deepEqual(written(), [
      { path, bytes: 15, lines: 1, reason: 'full' },
      { path, bytes: 300, lines: 17, from: 'first', to: 'second', reason: 'full' },
      { path, bytes: 10, lines: 1, reason: 'EIO' },
    ]);
    assert.ok(journal.isEmpty);
    assert.equal(statSync(join(folder, 'md5.gaps.ndjson')).mode & 0o777, 0o600);
  });

  test('has a file for each stream, and no path where that is not known', () => {
    journal.add({ ...loss, path: undefined, chunk: 'x' });
    journal.add({ ...loss, stream: 'other', path: '/\xc3\xa9"' });
    journal.flush();
    assert.deepEqual(written(), [{ bytes: 10, lines: 1, from: 'x', to: 'x', reason: 'full' }]);
    assert.equal(written('other')[0]?.path, '/é"');
  });

  test('keeps what it can not write, and writes it later', () => {
    rmSync(folder, { recursive: true });
    journal.add(loss);
    journal.flush();
    journal.add(loss);
    journal.flush(true);
    assert.ok(!journal.isEmpty);
    mkdirSync(folder);
    journal.flush();
    assert.equal(written()[0]?.bytes, 20);
    assert.ok(journal.isEmpty);
  });

  test('stops at 64 KiB until a collector has taken the file, and forgets nothing', () => {
    for (let round = 0; round < 2000; round++) {
      journal.add(loss);
      journal.flush();
    }
    const file = join(folder, 'md5.gaps.ndjson');
    const size = statSync(file).size;
    assert.ok(size > 60_000 && size < 70_000, `${size}`);
    const before = written().length;
    assert.ok(!journal.isEmpty);
    rmSync(file);
    journal.flush();
    assert.equal(written()[0]?.bytes, 10 * (2000 - before));
  });

  test('writes to a full file at the end', () => {
    for (let round = 0; round < 2000; round++) {
      journal.add(loss);
      journal.flush();
    }
    journal.flush(true);
    assert.equal(
      written().reduce((sum, { bytes }) => sum + Number(bytes), 0),
      20_000,
    );
  });

  test('writes a bounded number of lines in one round', () => {
    for (let stream = 0; stream < 450; stream++) journal.add({ ...loss, stream: `s${stream}` });
    journal.flush();
    assert.equal(readdirSync(folder).length, 200);
    journal.flush();
    journal.flush();
    assert.equal(readdirSync(folder).length, 450);
  });
});
