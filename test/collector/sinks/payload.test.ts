import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonArray, payloadOf } from '../../../src/collector/sinks/payload.js';
import { batchOf, formatOf } from '../../harness/sink-batches.js';

test('lines of JSON become one array', () => {
  const lines = payloadOf(batchOf('a\nb', 'c'), formatOf('ndjson'));
  const array = JSON.parse(jsonArray(lines).toString()) as { message: string }[];
  assert.deepEqual(
    array.map(({ message }) => message),
    ['a\nb', 'c'],
  );
});

test('a format that encodes many records at once is asked once', () => {
  const format = { ...formatOf('ndjson'), encodeBatch: () => Buffer.from('all of them') };
  assert.equal(payloadOf(batchOf('a', 'b'), format).toString(), 'all of them');
});
