import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OpType, refusedItems } from '../../../src/collector/sinks/bulk-reply.js';

const item = (status: number, opType: OpType = 'index', type = 'some_exception') => ({
  [opType]: status < 300 ? { status } : { status, error: { type, reason: 'because' } },
});

function judge(items: unknown[], count = items.length, opType: OpType = 'index') {
  return refusedItems(JSON.stringify({ took: 1, errors: true, items }), count, opType, (text) => text);
}

test('documents that are all indexed are delivered', () => {
  assert.equal(judge([item(201), item(200)]), undefined);
});

test('a document that is there already is delivered when it was to be created', () => {
  assert.equal(judge([item(409, 'create')], 1, 'create'), undefined);
  assert.equal(judge([item(409)])?.retry, 'later');
});

test('a mapping error is a refusal for good of that document alone', () => {
  const error = judge([item(201), item(400, 'index', 'mapper_parsing_exception'), item(201)]);
  assert.equal(error?.retry, 'never');
  assert.deepEqual(error?.refused, [1]);
  assert.equal(error?.message, '1 of 3 documents: 400 mapper_parsing_exception: because');
});

test('a busy shard leaves its documents for later', () => {
  const error = judge([item(429), item(201), item(503)]);
  assert.equal(error?.retry, 'later');
  assert.deepEqual(error?.refused, [0, 2]);
});

test('refusals of both kinds are all sent again', () => {
  const error = judge([item(400), item(201), item(429)]);
  assert.equal(error?.retry, 'later');
  assert.deepEqual(error?.refused, [0, 2]);
  assert.match(error?.message ?? '', /^2 of 3 documents: 429/);
});

test('a closed index and missing rights may be mended', () => {
  assert.equal(judge([item(403)])?.retry, 'later');
  assert.equal(judge([item(404)])?.retry, 'later');
});

test('a reply that can not be understood acknowledges nothing', () => {
  for (const text of ['', '<html>', '{}', '{"errors":false}', '{"errors":false,"items":[{}]}']) {
    const error = refusedItems(text, 1, 'index', (said) => said);
    assert.equal(error?.retry, 'later', text);
    assert.equal(error?.refused, undefined);
  }
  assert.match(judge([item(201)], 2)?.message ?? '', /answers for 1 of 2 documents/);
});
