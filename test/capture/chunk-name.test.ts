import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chunkName, parseChunkName, streamId, ticksOf } from '../../src/capture/chunk-name.js';

describe('chunk names', () => {
  const stream = streamId('/var/log/syslog');

  test('the stream is the md5 of the full path', () => {
    assert.equal(stream, 'f5fdf6ea0ea92860c6a6b2b354bfcbbc');
  });

  test('the stream of a path that is not ASCII is the md5 of its bytes', () => {
    const path = Buffer.from('/var/log/é.log').toString('latin1');
    assert.equal(streamId(path), '45ffae30c2d16dbc4c017f9ad00362a2');
  });

  test('names have a fixed width, whatever the time', () => {
    const lengths = new Set(
      [0n, 1n, ticksOf(Date.now()), 99_999_999_999_999_999n].map((t) => chunkName(stream, t).length),
    );
    assert.deepEqual([...lengths], [32 + 1 + 10 + 1 + 7 + 4]);
  });

  test('names sort as their times do', () => {
    const times = [0n, 1n, 9_999_999n, 10_000_000n, 10_000_001n, 99_999_999_999_999_999n];
    const names = times.map((ticks) => chunkName(stream, ticks));
    assert.deepEqual([...names].sort(), names);
  });

  test('a name is read back as it was made', () => {
    const ticks = 17_952_306_457_010_000n;
    assert.equal(chunkName(stream, ticks), `${stream}.1795230645.7010000.log`);
    assert.deepEqual(parseChunkName(chunkName(stream, ticks)), { stream, ticks });
  });

  const foreign = [
    'notes.txt',
    `${stream}.1795230645.7010000.log.offset`,
    `${stream}.1795230645.701000.log`,
    `${stream.slice(1)}.1795230645.7010000.log`,
    `${stream.toUpperCase()}.1795230645.7010000.log`,
  ];
  for (const name of foreign) {
    test(`${name.slice(28)} is not a chunk`, () => assert.equal(parseChunkName(name), undefined));
  }
});
