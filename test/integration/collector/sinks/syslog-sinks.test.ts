/** A real rsyslogd receives over UDP, TCP and TLS. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FormatName } from '../../../../src/collector/formats/format.js';
import type { Batch, Sink } from '../../../../src/collector/sinks/sink.js';
import { makeCertificates } from '../../../harness/certificates.js';
import { plainPlace } from '../../../harness/log-places.js';
import { freePort } from '../../../harness/ports.js';
import { batchOf, deliver, formatOf, numberedBatches, refusal, sinkOf } from '../../../harness/sink-batches.js';
import { droppedDatagrams, SyslogReceiver } from '../../../harness/syslog-receiver.js';

const limit = { timeout: 120_000 };
const lineCount = 10_000;
const restarts = 10;

/** Lines of many lengths, with text of several scripts, tabs and bytes that are no text. */
const text = (number: number): string => `${number} ü→😀\t"${'x'.repeat(number % 400)}" \u0080\u00ff`;
const lines = numberedBatches(lineCount, 500, text);

function openSinkFor(context: TestContext, url: string, format: FormatName = 'syslog'): Sink {
  const sink = sinkOf(url, format);
  context.after(() => sink.close());
  return sink;
}

function bytesOf(batches: readonly Batch[], format: FormatName = 'syslog'): Buffer {
  const { encode } = formatOf(format);
  return Buffer.concat(batches.flatMap(({ records }) => records.map(encode)));
}

/** Delivers batches that must arrive at the first attempt, and compares what rsyslogd has written. */
async function check(receiver: SyslogReceiver, sink: Sink, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await deliver(sink, batch);
  const expected = bytesOf(batches);
  const received = await receiver.settled(expected.length);
  assert.equal(received.length, expected.length, receiver.output);
  assert.ok(received.equals(expected), 'the bytes differ');
}

test(`${lineCount} lines arrive over UDP, byte for byte`, limit, async (context) => {
  const receiver = await SyslogReceiver.start(context, 'udp');
  await check(receiver, openSinkFor(context, `syslog+udp://127.0.0.1:${receiver.port}`), lines);
  assert.equal(droppedDatagrams(receiver.port), 0);
});

for (const options of ['', '?ack=sent', '?framing=octet', '?framing=octet&ack=sent']) {
  test(`${lineCount} lines arrive over TCP, byte for byte (${options})`, limit, async (context) => {
    const receiver = await SyslogReceiver.start(context, 'tcp');
    await check(receiver, openSinkFor(context, `syslog+tcp://127.0.0.1:${receiver.port}${options}`), lines);
  });
}

for (const options of ['', '&ack=sent', '&framing=newline']) {
  test(`${lineCount} lines arrive over TLS, byte for byte (${options})`, limit, async (context) => {
    const certificates = await makeCertificates(plainPlace(context).folder);
    const receiver = await SyslogReceiver.start(context, 'tls', certificates);
    const url = `syslog+tls://localhost:${receiver.port}?ca=${certificates.ca}${options}`;
    await check(receiver, openSinkFor(context, url), lines);
  });
}

test('octet counting carries newlines within a message', limit, async (context) => {
  const receiver = await SyslogReceiver.start(context, 'tcp');
  const sink = openSinkFor(context, `syslog://127.0.0.1:${receiver.port}?framing=octet`);
  await check(receiver, sink, [batchOf('first\n  second\n  third', 'another')]);
});

test('what was captured is sent as it is with the format raw', limit, async (context) => {
  const receiver = await SyslogReceiver.start(context, 'tcp');
  const sink = openSinkFor(context, `syslog+tcp://127.0.0.1:${receiver.port}`, 'raw');
  const batch = batchOf('<13>Jan  1 00:00:00 host app: one', '<14>Jan  1 00:00:00 host app: two');
  await deliver(sink, batch);
  const expected = bytesOf([batch], 'raw');
  assert.equal((await receiver.settled(expected.length)).toString(), expected.toString());
});

test('a receiver with a certificate that nobody vouches for gets nothing', limit, async (context) => {
  const { folder } = plainPlace(context);
  const [own, other] = [await makeCertificates(folder), await makeCertificates(folder, 'other')];
  const receiver = await SyslogReceiver.start(context, 'tls', own);
  for (const options of ['', `?ca=${other.ca}`]) {
    const error = await refusal(
      openSinkFor(context, `syslog+tls://localhost:${receiver.port}${options}`),
      batchOf('a'),
    );
    assert.equal(error.retry, 'later');
    assert.match(error.message, /certificate/);
  }
  assert.equal(receiver.received.length, 0);
});

/** Delivers batches until the receiver has been ended ten times. @returns the batches of which lines are missing */
async function deliverThroughRestarts(context: TestContext, signal: 'SIGKILL' | 'SIGTERM'): Promise<number> {
  const receiver = await SyslogReceiver.start(context, 'tcp');
  const sink = openSinkFor(context, `syslog+tcp://127.0.0.1:${receiver.port}?framing=octet`);
  let isOver = false;
  const ending = (async () => {
    for (let end = 0; end < restarts; end++) {
      await delay(100);
      await receiver.end(signal);
      await receiver.run();
    }
    isOver = true;
  })();
  const delivered: Batch[] = [];
  let failures = 0;
  while (!isOver) {
    const first = delivered.length * 200;
    const batch = batchOf(...Array.from({ length: 200 }, (_, index) => `line ${first + index}.`));
    while (
      !(await deliver(sink, batch).then(
        () => true,
        () => false,
      ))
    ) {
      failures++;
      await delay(10);
    }
    delivered.push(batch);
  }
  await ending;
  context.diagnostic(`${delivered.length * 200} lines, ${failures} failed attempts`);
  assert.ok(failures > 0, 'no attempt failed');
  const received = new Set(receiver.received.toString('latin1').split('\n'));
  const isMissing = (batch: Batch): boolean =>
    bytesOf([batch])
      .toString('latin1')
      .trimEnd()
      .split('\n')
      .some((line) => !received.has(line));
  return delivered.filter(isMissing).length;
}

test('a TCP receiver that is restarted again and again gets every line', limit, async (context) => {
  assert.equal(await deliverThroughRestarts(context, 'SIGTERM'), 0);
});

test(
  'a TCP receiver that is killed loses what it had read and not written: a batch at most',
  limit,
  async (context) => {
    const missing = await deliverThroughRestarts(context, 'SIGKILL');
    context.diagnostic(`${missing} batches are incomplete`);
    assert.ok(missing <= restarts, `${missing} batches are incomplete`);
  },
);

/** A TCP server of our own. */
async function server(context: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  context.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  return (listener.address() as { port: number }).port;
}

test('bytes that a receiver has not read are not delivered', limit, async (context) => {
  let isFirst = true;
  const port = await server(context, (socket) => {
    // Dies with the batch in its kernel's buffer: our kernel has been told that it arrived.
    if (isFirst) setTimeout(() => socket.resetAndDestroy(), 200);
    else socket.on('end', () => socket.end()).resume();
    isFirst = false;
  });
  const sink = openSinkFor(context, `syslog+tcp://127.0.0.1:${port}`);
  const error = await refusal(sink, batchOf('a'));
  assert.equal(error.retry, 'later');
  await deliver(sink, batchOf('a'));
});

test(
  'a receiver that does not read, or never ends its side, is given up after the time limit',
  limit,
  async (context) => {
    const paused = await server(context, (socket) => socket.pause());
    const endless = await server(context, (socket) => socket.resume());
    for (const [port, size] of [
      [paused, 20_000_000],
      [endless, 10],
    ] as const) {
      const sink = openSinkFor(context, `syslog+tcp://127.0.0.1:${port}?timeout=300ms`);
      const error = await refusal(sink, batchOf('x'.repeat(size)));
      assert.equal(error.retry, 'later');
      assert.match(error.message, /^no progress within 0.3 s$/);
    }
  },
);

test('the signal ends a delivery over TCP', limit, async (context) => {
  const port = await server(context, (socket) => socket.pause());
  const sink = openSinkFor(context, `syslog+tcp://127.0.0.1:${port}`);
  const ending = new AbortController();
  setTimeout(() => ending.abort(), 100);
  assert.equal((await refusal(sink, batchOf('x'), ending.signal)).message, 'the collector ends');
});

test('with ack=sent a receiver that has closed the connection is noticed', limit, async (context) => {
  const received: string[] = [];
  const port = await server(context, (socket) => {
    socket.on('data', (data: Buffer) => {
      received.push(data.toString());
      if (received.length === 1) socket.end();
    });
  });
  const sink = openSinkFor(context, `syslog+tcp://127.0.0.1:${port}?ack=sent`, 'raw');
  await deliver(sink, batchOf('a')).catch(() => undefined);
  await delay(200);
  await deliver(sink, batchOf('b'));
  await delay(100);
  assert.deepEqual(received, ['a\n', 'b\n']);
});

test('a receiver that nobody has started is a failure that may pass', limit, async (context) => {
  const port = await freePort();
  for (const scheme of ['syslog+tcp', 'syslog+tls', 'syslog+udp']) {
    const sink = openSinkFor(context, `${scheme}://localhost:${port}`);
    const error = await refusal(sink, batchOf('a', 'b'));
    assert.equal(error.retry, 'later', scheme);
    assert.match(error.message, /ECONNREFUSED/, scheme);
  }
});

test('a record that is longer than a datagram is cut, counted and reported', limit, async (context) => {
  const receiver = await SyslogReceiver.start(context, 'udp');
  const losses: (readonly [string, number])[] = [];
  const onLoss = (problem: string, records: number): void => void losses.push([problem, records]);
  const sink = sinkOf(`syslog+udp://127.0.0.1:${receiver.port}?max=480`, 'raw', { onLoss });
  context.after(() => sink.close());
  await deliver(sink, batchOf('<13>short', `<13>${'é'.repeat(1000)}`));
  const expected = `<13>short\n<13>${'é'.repeat(238)}\n`;
  assert.equal((await receiver.settled(Buffer.byteLength(expected))).toString(), expected);
  assert.deepEqual(losses, [['records longer than 480 bytes are cut', 1]]);
});

test('datagrams are sent no faster than rate= says', limit, async (context) => {
  const receiver = await SyslogReceiver.start(context, 'udp');
  const sink = openSinkFor(context, `syslog+udp://127.0.0.1:${receiver.port}?rate=1000`);
  const began = performance.now();
  await check(receiver, sink, numberedBatches(500, 500, text));
  assert.ok(performance.now() - began >= 400);
});

test('the longest datagram can be sent', limit, async (context) => {
  const receiver = await SyslogReceiver.start(context, 'udp');
  const sink = openSinkFor(context, `syslog+udp://127.0.0.1:${receiver.port}`, 'raw');
  await deliver(sink, batchOf(`<13>${'x'.repeat(100_000)}`));
  const received = await receiver.settled(65_508);
  assert.ok(received.length >= 65_000, `${received.length} bytes`);
});
