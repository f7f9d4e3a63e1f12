/** What happens to a batch that a destination does not take at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Backoff } from '../../src/collector/backoff.js';
import { BatchDelivery, DeliveryAborted, newCounters, OutputClosed } from '../../src/collector/batch-delivery.js';
import { ProblemLog } from '../../src/collector/problem-log.js';
import type { LogRecord } from '../../src/collector/record.js';
import { type Batch, type Sink, SinkError } from '../../src/collector/sinks/sink.js';

const limit = { timeout: 20_000 };

const record = (text: string): LogRecord => ({
  ...{ id: text, stream: 's', chunk: 'c', offset: 0, length: 1, path: '', host: 'h', time: 0n, writer: undefined },
  ...{ message: Buffer.from(text), part: undefined, fields: {}, tags: [], parseError: undefined },
});

const batchOf = (...texts: string[]): Batch => ({ records: texts.map(record), bytes: texts.join('').length });

/** A destination that answers as it is told; `undefined` takes everything. */
class ScriptedSink implements Sink {
  readonly attempts: string[][] = [];

  constructor(
    private readonly answer: (texts: string[], attempt: number) => Error | undefined,
    readonly name = 'test:',
  ) {}

  async deliver(batch: Batch): Promise<void> {
    const texts = batch.records.map(({ message }) => message.toString());
    this.attempts.push(texts);
    const error = this.answer(texts, this.attempts.length);
    if (error !== undefined) throw error;
  }

  async close(): Promise<void> {}
}

function deliver(sink: Sink, batch: Batch, signal = new AbortController().signal) {
  const counters = newCounters();
  const warnings: unknown[] = [];
  const waits: number[] = [];
  const problems = new ProblemLog({ warn: (details: unknown) => void warnings.push(details) });
  const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
  const done = new BatchDelivery(sink, 'd', counters, problems, () => 1, wait).deliver(batch, signal);
  return { done, counters, warnings, waits };
}

describe('a batch', limit, () => {
  test('that can not be delivered now is tried again, with growing pauses, until it can', async () => {
    const sink = new ScriptedSink((_, attempt) => (attempt < 12 ? new SinkError('away', 'later') : undefined));
    const { done, counters, warnings, waits } = deliver(sink, batchOf('a', 'b'));
    await done;
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
    assert.equal(sink.attempts.length, 12);
    assert.deepEqual([counters.retries, counters.refused, counters.failure], [11, 0, undefined]);
    assert.equal(warnings.length, 1, 'logged once a minute at most');
  });

  test('of which a part was taken: only the rest is sent again', async () => {
    const sink = new ScriptedSink((_, attempt) => (attempt === 1 ? new SinkError('busy', 'later', [1, 2]) : undefined));
    await deliver(sink, batchOf('a', 'b', 'c')).done;
    assert.deepEqual(sink.attempts, [
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
  });

  test('with records that are refused: they are counted, reported and passed over', async () => {
    const sink = new ScriptedSink(() => new SinkError('bad field', 'never', [1]));
    const { done, counters, warnings } = deliver(sink, batchOf('a', 'b', 'c'));
    await done;
    assert.deepEqual([sink.attempts.length, counters.refused, warnings.length], [1, 1, 1]);
  });

  test('that is refused as a whole is halved until the record at fault is found', async () => {
    const sink = new ScriptedSink((texts) => (texts.includes('x') ? new SinkError('no', 'never') : undefined));
    const { done, counters } = deliver(sink, batchOf('a', 'b', 'x', 'c', 'd'));
    await done;
    assert.equal(counters.refused, 1);
    const taken = sink.attempts.filter((texts) => !texts.includes('x')).flat();
    assert.deepEqual(taken, ['a', 'b', 'c', 'd']);
  });

  test('on which a sink fails by a defect is tried again', async () => {
    const sink = new ScriptedSink((_, attempt) => (attempt === 1 ? new TypeError('oops') : undefined));
    const { done, counters } = deliver(sink, batchOf('a'));
    await done;
    assert.deepEqual([sink.attempts.length, counters.retries], [2, 1]);
  });

  test('is given up when the collector ends', async () => {
    const ending = new AbortController();
    const sink = new ScriptedSink(() => {
      ending.abort();
      return new SinkError('away', 'later');
    });
    await assert.rejects(deliver(sink, batchOf('a'), ending.signal).done, DeliveryAborted);
  });

  test('for a standard output that nobody reads ends the collector', async () => {
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const sink = new ScriptedSink(() => new SinkError('write', 'later', undefined, { cause: broken }), 'stdout:');
    await assert.rejects(deliver(sink, batchOf('a')).done, OutputClosed);
  });
});

test('pauses are shorter by up to a half, by chance', limit, () => {
  const backoff = new Backoff(() => 0);
  assert.deepEqual([backoff.next(), backoff.next()], [125, 250]);
  backoff.reset();
  assert.equal(backoff.next(), 125);
});

test('a problem that repeats is logged at once, then once a minute with how often it happened', limit, () => {
  const lines: unknown[] = [];
  let now = 0;
  const problems = new ProblemLog({ warn: (details: unknown) => void lines.push(details) }, () => now);
  for (; now < 150_000; now += 1000) problems.report('kind', { reason: 'r' }, 'message');
  assert.deepEqual(lines, [
    { reason: 'r', count: 1 },
    { reason: 'r', count: 60 },
    { reason: 'r', count: 60 },
  ]);
  problems.over('kind');
  problems.report('kind', {}, 'message');
  assert.equal(lines.length, 4);
  assert.equal(problems.total, 151);
});
