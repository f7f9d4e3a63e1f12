/** What meta/ tells, whatever state its files are in. */
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AccountNames } from '../../src/collector/account-names.js';
import { chunkTime, ProvenanceBook, provenanceName, StretchFinder } from '../../src/collector/provenance.js';
import { HandMadeCache } from '../harness/hand-made-cache.js';

const limit = { timeout: 20_000 };
const log = '/var/log/a';
const writer = { pid: 12, uid: 0, gid: 0, command: 'rsyslogd -n' };
const stretch = (offset: number, seconds: number): object => ({ offset, time: `${seconds}000000000`, ...writer });

function setUp(context: TestContext): { cache: HandMadeCache; book: ProvenanceBook; chunk: string } {
  const cache = new HandMadeCache(context);
  const chunk = cache.sealed(log, 'x\n');
  return { cache, chunk, book: new ProvenanceBook(cache.meta, new AccountNames()) };
}

describe('provenance', limit, () => {
  test('tells path, writer and time by stretch', (context) => {
    const { cache, book, chunk } = setUp(context);
    cache.provenance(chunk, { version: 1, path: log }, stretch(0, 1), stretch(10, 2));
    const { path, stretches } = book.of(chunk);
    assert.equal(path, log);
    assert.deepEqual(stretches[1], {
      offset: 10,
      time: 2_000_000_000n,
      writer: { ...writer, user: 'root', group: 'root' },
    });
    const finder = new StretchFinder(stretches);
    assert.deepEqual(
      [0, 9, 10, 99, 5].map((offset) => finder.at(offset)?.time),
      [1n, 1n, 2n, 2n, 1n].map((n) => n * 1_000_000_000n),
    );
  });

  test('that grows is read on, and a torn line when it is whole', (context) => {
    const { cache, book, chunk } = setUp(context);
    cache.provenance(chunk, { version: 1, path: log }, stretch(0, 1));
    const text = JSON.stringify(stretch(10, 2));
    appendFileSync(join(cache.meta, provenanceName(chunk)), text.slice(0, 20));
    assert.equal(book.of(chunk).stretches.length, 1);
    appendFileSync(join(cache.meta, provenanceName(chunk)), `${text.slice(20)}\n`);
    assert.equal(book.of(chunk).stretches.length, 2);
    assert.equal(book.nonsense, 0);
  });

  test('that makes no sense is counted, and the rest is used', (context) => {
    const { cache, book, chunk } = setUp(context);
    const wrong = ['[]', '{"offset":-1}', '\u0000\u0000', { ...stretch(5, 1), time: 5 }, stretch(3, 1)];
    cache.provenance(chunk, { version: 1, path: log }, stretch(4, 1), ...wrong, stretch(9, 2));
    assert.equal(book.of(chunk).stretches.length, 2);
    assert.equal(book.nonsense, wrong.length);
  });

  test('that is missing is nothing; the time is in the name', (context) => {
    const { book, chunk } = setUp(context);
    assert.deepEqual(book.of(chunk), { path: '', stretches: [] });
    assert.equal(new StretchFinder([]).at(5), undefined);
    assert.equal(chunkTime('0123.1763700000.1234567.log'), 1_763_700_000_123_456_700n);
  });

  test('of another chunk of the stream tells the path', (context) => {
    const { cache, book, chunk } = setUp(context);
    const next = cache.sealed(log, 'y\n');
    assert.equal(book.pathOf([chunk, next]), '');
    cache.tellPath(chunk, log);
    assert.equal(book.pathOf([chunk, next]), log);
  });
});

test('names of users and groups are those of the host', limit, (context) => {
  const { folder } = new HandMadeCache(context);
  writeFileSync(join(folder, 'passwd'), 'root:x:0:0::/root:/bin/sh\nalso-root:x:0:0:::\nbroken\n');
  writeFileSync(join(folder, 'group'), 'adm:x:4:\n');
  const names = new AccountNames(folder);
  assert.deepEqual([names.user(0), names.user(7), names.group(4), names.group(0)], ['root', '7', 'adm', '0']);
  const unknown = new AccountNames(join(folder, 'missing'));
  assert.equal(unknown.user(0), '0');
});
