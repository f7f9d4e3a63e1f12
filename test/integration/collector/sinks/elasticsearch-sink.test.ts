/** A server that speaks Elasticsearch's bulk API, and refuses what it is told to. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Credentials } from '../../../../src/collector/sinks/authorization.js';
import { type Answer, HttpReceiver, type ReceivedRequest } from '../../../harness/http-receiver.js';
import { batchOf, deliver, numberedBatches, refusal, sinkOf } from '../../../harness/sink-batches.js';

const limit = { timeout: 60_000 };

interface Document {
  readonly id: string;
  readonly message: string;
}

/** An index in memory. A document whose message contains a status is refused with it, once if it is 429. */
class FakeElasticsearch {
  readonly documents = new Map<string, Document>();
  private readonly refusedOnce = new Set<string>();

  readonly answer = ({ body }: ReceivedRequest): Answer => {
    const lines = body.split('\n').slice(0, -1);
    const items = Array.from({ length: lines.length / 2 }, (_, index) => {
      const action = JSON.parse(lines[2 * index] ?? '') as Record<string, { _id: string }>;
      const [opType = '', { _id: id } = { _id: '' }] = Object.entries(action)[0] ?? [];
      return { [opType]: this.put(opType, id, JSON.parse(lines[2 * index + 1] ?? '') as Document) };
    });
    const errors = items.some((item) => Object.values(item).some(({ status }) => status >= 300));
    return { status: 200, body: JSON.stringify({ errors, items }) };
  };

  private put(opType: string, id: string, document: Document): { status: number; error?: object } {
    const status = Number(/^refuse (\d+)/.exec(document.message)?.[1] ?? 0);
    const isBusy = status === 429 && !this.refusedOnce.has(id);
    if (isBusy) this.refusedOnce.add(id);
    if (status === 400 || isBusy) return { status, error: { type: `error_${status}`, reason: `of ${id}` } };
    if (opType === 'create' && this.documents.has(id)) return { status: 409, error: { type: 'conflict', reason: id } };
    this.documents.set(id, document);
    return { status: 201 };
  }
}

async function start(context: TestContext, options = '', credentials?: Credentials) {
  const index = new FakeElasticsearch();
  const receiver = await HttpReceiver.start(context, index.answer);
  const secrets = credentials === undefined ? {} : { credentials };
  const sink = sinkOf(`es://127.0.0.1:${receiver.port}${options}`, 'ndjson', secrets);
  context.after(() => sink.close());
  return { index, receiver, sink };
}

test('a batch becomes documents under their ids', limit, async (context) => {
  const { index, receiver, sink } = await start(context, '/prefix?index=logs-web&gzip=on');
  const batch = batchOf('a', 'b');
  await deliver(sink, batch);
  assert.deepEqual(
    [...index.documents.keys()],
    batch.records.map(({ id }) => id),
  );
  assert.match(receiver.requests[0]?.path ?? '', /^\/prefix\/logs-web\/_bulk\?/);
  assert.equal(receiver.requests[0]?.headers['content-type'], 'application/x-ndjson');
});

for (const opType of ['index', 'create']) {
  test(`a batch that is repeated makes no second document (op_type=${opType})`, limit, async (context) => {
    const { index, sink } = await start(context, `?op_type=${opType}`);
    await deliver(sink, batchOf('a', 'b'));
    await deliver(sink, batchOf('a', 'b', 'c'));
    assert.equal(index.documents.size, 3);
  });
}

test('documents that are refused for good are named, and cost no other', limit, async (context) => {
  const { index, sink } = await start(context);
  const error = await refusal(sink, batchOf('a', 'refuse 400', 'b', 'refuse 400'));
  assert.equal(error.retry, 'never');
  assert.deepEqual(error.refused, [1, 3]);
  assert.match(error.message, /^2 of 4 documents: 400 error_400: of /);
  assert.equal(index.documents.size, 2);
});

test('of a batch that is taken in part only the rest need be sent again', limit, async (context) => {
  const { index, sink } = await start(context);
  const { records } = batchOf('a', 'refuse 429', 'refuse 400', 'refuse 429');
  const first = await refusal(sink, { records, bytes: 0 });
  assert.deepEqual([first.retry, first.refused], ['later', [1, 2, 3]]);
  const rest = records.slice(1);
  const second = await refusal(sink, { records: rest, bytes: 0 });
  assert.deepEqual([second.retry, second.refused], ['never', [1]]);
  assert.equal(index.documents.size, 3);
});

test('10,000 documents', limit, async (context) => {
  const { index, sink } = await start(context, '?gzip=on');
  let number = 0;
  for (const batch of numberedBatches(10_000, 500, (line) => `line ${line}`)) {
    const records = batch.records.map((record) => ({ ...record, id: `record:${number++}` }));
    await deliver(sink, { ...batch, records });
  }
  assert.equal(index.documents.size, 10_000);
});

test('a whole request that is refused', limit, async (context) => {
  const answers: Answer[] = [{ status: 429 }, { status: 413 }, { status: 200, body: '<html>a proxy</html>' }, 'reset'];
  const receiver = await HttpReceiver.start(context, (_request, number) => answers[number] ?? { status: 500 });
  const sink = sinkOf(`es+http://127.0.0.1:${receiver.port}`, 'ndjson');
  context.after(() => sink.close());
  const retries: string[] = [];
  for (const _ of answers) retries.push((await refusal(sink, batchOf('a'))).retry);
  assert.deepEqual(retries, ['later', 'never', 'later', 'later']);
});

const logins: readonly (readonly [options: string, credentials: Credentials, header: string])[] = [
  ['?auth=basic', { user: 'me', password: 'pw' }, `Basic ${Buffer.from('me:pw').toString('base64')}`],
  ['?auth=bearer', { token: 'abc' }, 'Bearer abc'],
  ['?auth=apikey', { apiKey: 'id:key' }, `ApiKey ${Buffer.from('id:key').toString('base64')}`],
];

for (const [options, credentials, header] of logins) {
  test(`log in with ${options}`, limit, async (context) => {
    const { receiver, sink } = await start(context, options, credentials);
    await deliver(sink, batchOf('a'));
    assert.equal(receiver.requests[0]?.headers.authorization, header);
    assert.doesNotMatch(sink.name, /pw|abc|id:key/);
  });
}
