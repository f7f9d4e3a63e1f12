/** An HTTP server that does all that servers do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { makeCertificates } from '../../../harness/certificates.js';
import { type Answer, HttpReceiver } from '../../../harness/http-receiver.js';
import { plainPlace } from '../../../harness/log-places.js';
import { freePort } from '../../../harness/ports.js';
import { batchOf, deliver, formatOf, numberedBatches, refusal, sinkOf } from '../../../harness/sink-batches.js';

const limit = { timeout: 60_000 };
const ok: Answer = { status: 204 };

/** A sink and a server that gives these answers in turn, and then success. */
async function pair(context: TestContext, answers: readonly Answer[], options = '') {
  const receiver = await HttpReceiver.start(context, (_request, number) => answers[number] ?? ok);
  const sink = sinkOf(`http://127.0.0.1:${receiver.port}/in${options}`, 'ndjson');
  context.after(() => sink.close());
  return { receiver, sink };
}

test('a batch is one request, of lines', limit, async (context) => {
  const { receiver, sink } = await pair(context, []);
  await deliver(sink, batchOf('a "quoted"', 'b\nc'));
  const [request] = receiver.requests;
  assert.equal(request?.path, '/in');
  assert.equal(request?.headers['content-type'], 'application/x-ndjson');
  assert.deepEqual(
    request?.body
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: string }).message),
    ['a "quoted"', 'b\nc'],
  );
});

test('body=array and gzip=on', limit, async (context) => {
  const { receiver, sink } = await pair(context, [], '?body=array&gzip=on&query=a%3Db');
  await deliver(sink, batchOf('a', 'b'));
  const [request] = receiver.requests;
  assert.equal(request?.path, '/in?a=b');
  assert.equal(request?.headers['content-type'], 'application/json');
  assert.equal(request?.headers['content-encoding'], 'gzip');
  assert.equal((JSON.parse(request?.body ?? '') as unknown[]).length, 2);
});

test('requests share a connection', limit, async (context) => {
  const { receiver, sink } = await pair(context, [{ status: 200, body: 'x'.repeat(100_000) }]);
  for (const text of ['a', 'b', 'c']) await deliver(sink, batchOf(text));
  assert.deepEqual(
    receiver.requests.map(({ connection }) => connection),
    [1, 1, 1],
  );
});

const passing: readonly (readonly [what: string, answer: Answer, message: RegExp])[] = [
  ['500', { status: 500, body: 'out of order' }, /^it answers 500: out of order$/],
  ['429', { status: 429 }, /^it answers 429$/],
  ['503', { status: 503 }, /^it answers 503$/],
  ['a wrong password', { status: 401, body: 'who?' }, /^it answers 401: who\?$/],
  ['a path that is missing', { status: 404 }, /^it answers 404$/],
  [
    'a redirect',
    { status: 302, headers: { location: 'http://elsewhere/?key=1' } },
    /points to http:\/\/elsewhere\/: change/,
  ],
  ['a reset at once', 'reset at once', /ECONNRESET|socket hang up|EPIPE/],
  ['a reset after the body', 'reset', /ECONNRESET|socket hang up/],
  ['a reply that breaks off', 'break off', /aborted/],
  ['a reply without an end', 'drip', /^no complete answer within 3 s$/],
  ['no answer', 'stall', /^no answer within 0.3 s$/],
  ['no answer and no interest', 'stall at once', /^no answer within 0.3 s$/],
];

for (const [what, answer, message] of passing) {
  test(`${what} is a failure that may pass, and the same batch then arrives`, limit, async (context) => {
    const { receiver, sink } = await pair(context, [answer], '?timeout=300ms');
    // More than the buffers of both ends hold, so that the server's lack of interest is felt.
    const batch = batchOf('x'.repeat(4_000_000), 'b');
    const error = await refusal(sink, batch);
    assert.equal(error.retry, 'later');
    assert.equal(error.refused, undefined);
    assert.match(error.message, message);
    await deliver(sink, batch);
    const lines = receiver.requests.at(-1)?.body.trimEnd().split('\n') ?? [];
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { message: string }).message.length),
      [4_000_000, 1],
    );
  });
}

for (const status of [400, 413, 422]) {
  test(`${status} is a refusal for good of what was sent`, limit, async (context) => {
    const { sink } = await pair(context, [{ status }]);
    const error = await refusal(sink, batchOf('a', 'b'));
    assert.equal(error.retry, 'never');
    assert.equal(error.refused, undefined);
  });
}

test('Retry-After is honoured by the next delivery', limit, async (context) => {
  const times: number[] = [];
  const receiver = await HttpReceiver.start(context, ({ body }, number) => {
    if (body !== '') times.push(performance.now());
    return number === 0 ? { status: 503, headers: { 'retry-after': '1' } } : ok;
  });
  const sink = sinkOf(`http://127.0.0.1:${receiver.port}`, 'raw');
  context.after(() => sink.close());
  assert.match((await refusal(sink, batchOf('a'))).message, /^it answers 503: \(it asks us to wait 1 s\)$/);
  await deliver(sink, batchOf('a'));
  const [first = 0, second = 0] = times;
  assert.ok(second - first >= 990, `the second request came after ${second - first} ms`);
});

test('the signal ends a wait for Retry-After and a request that stalls', limit, async (context) => {
  const { sink } = await pair(context, [{ status: 503, headers: { 'retry-after': '3000' } }]);
  await refusal(sink, batchOf('a'));
  const waiting = new AbortController();
  const waited = refusal(sink, batchOf('a'), waiting.signal);
  waiting.abort();
  assert.equal((await waited).message, 'the collector ends');

  const { receiver, sink: stalled } = await pair(context, ['stall']);
  const stalling = new AbortController();
  const request = refusal(stalled, batchOf('a'), stalling.signal);
  while (receiver.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stalling.abort();
  assert.equal((await request).message, 'the collector ends');
});

test('a server that is killed and started again gets the batch by a new connection', limit, async (context) => {
  const { receiver, sink } = await pair(context, []);
  const { port } = receiver;
  await deliver(sink, batchOf('a'));
  await receiver.stop();
  const error = await refusal(sink, batchOf('b'));
  assert.equal(error.retry, 'later');
  await receiver.listen(port);
  await deliver(sink, batchOf('b'));
  assert.deepEqual(
    receiver.requests.map(({ connection }) => connection),
    [1, 2],
  );
});

test('a server that nobody has started refuses connections', limit, async () => {
  const sink = sinkOf(`http://127.0.0.1:${await freePort()}`, 'raw');
  const error = await refusal(sink, batchOf('a'));
  assert.equal(error.retry, 'later');
  assert.match(error.message, /ECONNREFUSED/);
});

test('a connection that is never answered ends at the time limit', limit, async (context) => {
  const server = createServer((socket) => context.after(() => void socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => void server.close());
  const { port } = server.address() as { port: number };
  const sink = sinkOf(`https://127.0.0.1:${port}?timeout=300ms`, 'raw');
  assert.match((await refusal(sink, batchOf('a'))).message, /^no answer within 0.3 s$/);
});

test('credentials go into the header and never into an error', limit, async (context) => {
  const receiver = await HttpReceiver.start(context, ({ headers }) => ({
    status: 403,
    body: `no ${headers.authorization} (hunter2)`,
  }));
  const credentials = { user: 'me', password: 'hunter2' };
  const sink = sinkOf(`http://127.0.0.1:${receiver.port}`, 'raw', { credentials });
  context.after(() => sink.close());
  const error = await refusal(sink, batchOf('a'));
  assert.equal(receiver.requests[0]?.headers.authorization, `Basic ${Buffer.from('me:hunter2').toString('base64')}`);
  assert.equal(error.message, 'it answers 403: no Basic … (…)');
});

test('syslog+http sends lines as application/syslog', limit, async (context) => {
  const receiver = await HttpReceiver.start(context);
  const sink = sinkOf(`syslog+http://127.0.0.1:${receiver.port}/syslog`, 'syslog');
  context.after(() => sink.close());
  const batch = batchOf('a', 'b');
  await deliver(sink, batch);
  const [request] = receiver.requests;
  assert.equal(request?.headers['content-type'], 'application/syslog');
  assert.equal(request?.path, '/syslog');
  assert.equal(request?.body, batch.records.map((record) => formatOf('syslog').encode(record).toString()).join(''));
});

test('https is trusted by ca= alone', limit, async (context) => {
  const { folder } = plainPlace(context);
  const [own, other] = [await makeCertificates(folder), await makeCertificates(folder, 'other')];
  const tls = { cert: readFileSync(own.cert, 'utf8'), key: readFileSync(own.key, 'utf8') };
  const receiver = await HttpReceiver.start(context, () => ok, tls);
  const sinkWith = (options: string) => {
    const sink = sinkOf(`https://127.0.0.1:${receiver.port}${options}`, 'raw');
    context.after(() => sink.close());
    return sink;
  };
  await deliver(sinkWith(`?ca=${own.ca}`), batchOf('a'));
  for (const options of ['', `?ca=${other.ca}`]) {
    const error = await refusal(sinkWith(options), batchOf('b'));
    assert.equal(error.retry, 'later');
    assert.match(error.message, /certificate/);
  }
  assert.equal(receiver.requests.length, 1);
});

test('10,000 lines arrive once each from a server that fails every third time', limit, async (context) => {
  let count = 0;
  const troubles: readonly Answer[] = [{ status: 500 }, 'reset', 'break off', { status: 429 }, 'reset at once'];
  const accepted: string[] = [];
  const failing = new Map<number, Answer>();
  const receiver = await HttpReceiver.start(context, ({ body }, number) => {
    const trouble = number % 3 === 2 ? troubles[count++ % troubles.length] : undefined;
    // Asked twice for one request: before its body and after it.
    const answer = failing.get(number) ?? trouble ?? ok;
    failing.set(number, answer);
    if (body !== '' && answer === ok) accepted.push(body);
    return answer;
  });
  const sink = sinkOf(`http://127.0.0.1:${receiver.port}?gzip=on`, 'raw');
  context.after(() => sink.close());
  let failures = 0;
  for (const batch of numberedBatches(10_000, 100, (number) => `line ${number}`)) {
    for (;;) {
      const error = await deliver(sink, batch).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) break;
      failures++;
    }
  }
  assert.ok(failures >= 30, `${failures} failures`);
  assert.equal(accepted.join(''), Array.from({ length: 10_000 }, (_, number) => `line ${number}\n`).join(''));
});
