/** How the bytes of chunks become records: borders of chunks, long lines, several lines, streams in turn. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AccountNames } from '../../src/collector/account-names.js';
import { ChunkInventory } from '../../src/collector/chunk-inventory.js';
import { ProvenanceBook } from '../../src/collector/provenance.js';
import { ReadBatch } from '../../src/collector/read-batch.js';
import type { LogRecord } from '../../src/collector/record.js';
import { lineBoundary, type Multiline, recordBoundary } from '../../src/collector/record-boundary.js';
import { RecordMaker } from '../../src/collector/record-maker.js';
import type { Route } from '../../src/collector/routes.js';
import { batchRoom, StreamReader } from '../../src/collector/stream-reader.js';
import { WindowReader } from '../../src/collector/stream-window.js';
import { HandMadeCache } from '../harness/hand-made-cache.js';

const limit = { timeout: 60_000 };
const log = '/var/log/a';
const mebibyte = 1024 * 1024;

const route = (multiline?: Multiline, rate?: number): Route => ({
  to: ['x'],
  parser: undefined,
  fields: { service: 'test' },
  tags: ['t'],
  boundary: multiline === undefined ? lineBoundary : recordBoundary(multiline),
  rate,
  matches: () => true,
});

/** Reads a hand-made cache with one reader. */
class Bench {
  readonly cache: HandMadeCache;
  readonly inventory: ChunkInventory;
  private readonly maker: RecordMaker;
  private readonly reader: StreamReader;

  constructor(
    context: TestContext,
    private readonly rule = route(),
    endsHere = false,
  ) {
    this.cache = new HandMadeCache(context);
    this.inventory = new ChunkInventory(this.cache.logs);
    this.maker = new RecordMaker('host1', new ProvenanceBook(this.cache.meta, new AccountNames()));
    this.reader = new StreamReader({
      inventory: this.inventory,
      windows: new WindowReader(this.cache.logs, () => this.inventory.rounds),
      maker: this.maker,
      acknowledged: () => undefined,
      onIdle: () => undefined,
      onUnreadable: (_, error) => assert.fail(String(error)),
      endsHere,
      now: () => 0n,
    });
  }

  batch(bytes = mebibyte): ReadBatch {
    return new ReadBatch(bytes, batchRoom, false, (batch) => this.maker.make(batch));
  }

  async round(): Promise<void> {
    for (const stream of (await this.inventory.round()).changed) this.reader.offer(stream, this.rule);
  }

  /** The next batch; records are copied out of its memory. */
  next(batch: ReadBatch): LogRecord[] {
    batch.reset();
    this.reader.fill(batch, 10_000);
    return batch.records.map((record) => ({ ...record, message: Buffer.from(record.message) }));
  }

  /** All that can be read, by batches of `bytes`. */
  async all(bytes?: number): Promise<LogRecord[]> {
    await this.round();
    const batch = this.batch(bytes);
    const records: LogRecord[] = [];
    do records.push(...this.next(batch));
    while (this.reader.hasReady || batch.isFull);
    return records;
  }

  /** As {@link all}, until a second look has confirmed what is sealed. */
  async allFinal(bytes?: number): Promise<string[]> {
    return textOf([...(await this.all(bytes)), ...(await this.all(bytes)), ...(await this.all(bytes))]);
  }
}

function textOf(records: readonly LogRecord[]): string[] {
  return records.map(({ message }) => message.toString());
}

describe('lines', limit, () => {
  test('each is a record with its place; ids tell chunk and offset', async (context) => {
    const bench = new Bench(context);
    const chunk = bench.cache.sealed(log, 'one\n\nthree\n');
    bench.cache.provenance(chunk, { version: 1, path: log });
    const records = await bench.all();
    const base = chunk.replace(/\.log$/, '');
    assert.deepEqual(
      records.map(({ id, offset, length }) => ({ id, offset, length })),
      [
        { id: `${base}:0`, offset: 0, length: 4 },
        { id: `${base}:4`, offset: 4, length: 1 },
        { id: `${base}:5`, offset: 5, length: 6 },
      ],
    );
    assert.deepEqual(textOf(records), ['one', '', 'three']);
    const { host, tags, fields, time, writer } = records[0] ?? assert.fail();
    assert.deepEqual(
      { host, tags, fields, writer },
      { host: 'host1', tags: ['t'], fields: { service: 'test' }, writer: undefined },
    );
    assert.equal(time, 1_763_700_000_000_000_000n);
  });

  test('a line goes on in the next chunk, and in the one after it', async (context) => {
    const bench = new Bench(context);
    const first = bench.cache.sealed(log, 'a\nbeg');
    bench.cache.sealed(log, 'in an');
    const last = bench.cache.sealed(log, 'd end\nc\n');
    const records = await bench.all();
    assert.deepEqual(textOf(records), ['a', 'begin and end', 'c']);
    assert.deepEqual([records[1]?.chunk, records[1]?.offset, records[1]?.length], [first, 2, 14]);
    assert.deepEqual([records[2]?.chunk, records[2]?.offset], [last, 6]);
  });

  test('the tail of a live chunk waits for its newline', async (context) => {
    const bench = new Bench(context);
    const chunk = bench.cache.live(log, 'whole\nhalf');
    assert.deepEqual(textOf(await bench.all()), ['whole']);
    assert.deepEqual(textOf(await bench.all()), []);
    bench.cache.append(chunk, ' and half\n');
    assert.deepEqual(textOf(await bench.all()), ['half and half']);
  });

  test('the tail of a sealed chunk is a record once nothing can follow it', async (context) => {
    const bench = new Bench(context);
    const chunk = bench.cache.live(log, 'whole\nhalf');
    await bench.all();
    bench.cache.seal(chunk);
    assert.deepEqual(await bench.allFinal(), ['half']);
  });

  test('a tail that was sealed while its chunk was cut goes on in the chunk that follows', async (context) => {
    const bench = new Bench(context);
    bench.cache.sealed(log, 'cut in t');
    assert.deepEqual(textOf(await bench.all()), []);
    bench.cache.sealed(log, 'wo\n');
    assert.deepEqual(await bench.allFinal(), ['cut in two']);
  });

  test('hundreds of small chunks may hold one line', async (context) => {
    const bench = new Bench(context);
    for (let index = 0; index < 600; index++) bench.cache.sealed(log, 'ab');
    assert.deepEqual(await bench.allFinal(), ['ab'.repeat(600)]);
  });

  test('a line of 1 MiB is whole, a longer one comes in parts that are marked', async (context) => {
    const bench = new Bench(context);
    const long = Buffer.alloc(2 * mebibyte + 10, 'x');
    bench.cache.sealed(
      log,
      Buffer.concat([Buffer.alloc(mebibyte, 'y'), Buffer.from('\n'), long.subarray(0, 1_500_000)]),
    );
    bench.cache.sealed(log, Buffer.concat([long.subarray(1_500_000), Buffer.from('\nshort\n')]));
    const records = await bench.all(64 * 1024);
    assert.deepEqual(
      records.map(({ message, part }) => [message.length, part?.index, part?.isLast]),
      [
        [mebibyte, undefined, undefined],
        [mebibyte, 0, false],
        [mebibyte, 1, false],
        [10, 2, true],
        [5, undefined, undefined],
      ],
    );
  });

  test('any bytes, cut anywhere, in batches of any size: nothing is added, lost or moved', async (context) => {
    for (const batchBytes of [1024, 5000, 300_000]) {
      const bench = new Bench(context);
      const content = randomBytes(400_000);
      for (let at = 0; at < content.length; ) {
        const end = Math.min(content.length, at + 1 + Math.floor(Math.random() * 60_000));
        bench.cache.sealed(log, content.subarray(at, end));
        at = end;
      }
      const records = [...(await bench.all(batchBytes)), ...(await bench.all(batchBytes))];
      const newline = Buffer.from('\n');
      const joined = Buffer.concat(records.flatMap(({ message }) => [message, newline]));
      assert.ok(joined.subarray(0, content.length).equals(content), `batches of ${batchBytes}`);
      const lengths = records.reduce((sum, { length }) => sum + length, 0);
      assert.equal(lengths, content.length);
    }
  });

  test('whole lines are there as one piece, too', async (context) => {
    const bench = new Bench(context);
    bench.cache.sealed(log, 'a\nb');
    bench.cache.sealed(log, 'c\nd\n');
    await bench.round();
    const batch = bench.batch();
    bench.next(batch);
    assert.equal(batch.lines?.toString(), 'a\nbc\nd\n');
  });

  test('a chunk that somebody has removed is passed over, and joins nothing', async (context) => {
    const bench = new Bench(context);
    bench.cache.sealed(log, 'a\nhalf');
    const removed = bench.cache.sealed(log, ' a line\n');
    bench.cache.sealed(log, 'b\n');
    await bench.inventory.round();
    rmSync(join(bench.cache.logs, removed));
    const [stream] = bench.inventory.streams.values();
    assert.ok(stream);
    const reader = new WindowReader(bench.cache.logs, () => 1);
    const memory = Buffer.alloc(100);
    const window = reader.read(stream, { chunk: stream.names[0] ?? '', offset: 0, part: 0 }, memory, 0, 90);
    assert.deepEqual([memory.toString('latin1', 0, window.end), window.ending], ['a\nhalf', 'end']);
    assert.equal(window.next.chunk, removed);
  });
});

describe('records of several lines', limit, () => {
  test('indented lines belong to the line before them', async (context) => {
    const bench = new Bench(context, route('indent'));
    bench.cache.sealed(log, 'Error: x\n  at a\n\tat b\nnext\n  more');
    bench.cache.sealed(log, ' of it\nlast\n');
    assert.deepEqual(await bench.allFinal(), ['Error: x\n  at a\n\tat b', 'next\n  more of it', 'last']);
  });

  test('a pattern tells the line that begins one', async (context) => {
    const bench = new Bench(context, route(/^\d{4}-/));
    bench.cache.sealed(log, 'torn\n2026-1 a\nb\nc\n2026-2 d\n');
    assert.deepEqual(await bench.allFinal(), ['torn', '2026-1 a\nb\nc', '2026-2 d']);
  });

  test('the last one waits while its chunk is live, unless all that is there is wanted now', async (context) => {
    const content = 'a\n b\nc\n d\n ha';
    const bench = new Bench(context, route('indent'));
    bench.cache.live(log, content);
    assert.deepEqual(await bench.allFinal(), ['a\n b']);
    const once = new Bench(context, route('indent'), true);
    once.cache.live(log, content);
    assert.deepEqual(await once.allFinal(), ['a\n b', 'c\n d']);
  });

  test('one of more than 1 MiB comes in parts', async (context) => {
    const bench = new Bench(context, route('indent'));
    const content = `a\n${' continued\n'.repeat(120_000)}b\n`;
    bench.cache.sealed(log, content);
    const records = [...(await bench.all()), ...(await bench.all()), ...(await bench.all())];
    assert.deepEqual(
      records.map(({ part }) => part?.index),
      [0, 1, undefined],
    );
    assert.equal(
      records.reduce((sum, { length }) => sum + length, 0),
      content.length,
    );
  });
});

describe('several streams', limit, () => {
  test('have turns: a noisy one does not keep the others waiting', async (context) => {
    const bench = new Bench(context);
    for (let index = 0; index < 20; index++) bench.cache.sealed('/var/log/noisy', `${'x'.repeat(99)}\n`.repeat(5000));
    for (let index = 0; index < 20; index++) bench.cache.sealed(`/var/log/quiet${index}`, 'quiet\n');
    await bench.round();
    const batch = bench.batch();
    const seen = new Set<string>();
    for (let count = 0; count < 2; count++) for (const { stream } of bench.next(batch)) seen.add(stream);
    assert.equal(seen.size, 21);
  });

  test('with a rate, what is written above it is kept out and counted; what was written slowly is not', async (context) => {
    const bench = new Bench(context, route(undefined, 10));
    const line = 'x\n';
    const fast = bench.cache.sealed(log, line.repeat(100));
    const stretch = { pid: 1, uid: 0, gid: 0, command: 'a' };
    bench.cache.provenance(fast, { version: 1, path: log }, { offset: 0, time: '1000000000', ...stretch });
    const slow = bench.cache.sealed('/var/log/slow', line.repeat(100));
    const seconds = Array.from({ length: 20 }, (_, second) => ({
      ...{ offset: second * 10, time: String(1_000_000_000 * (second + 1)) },
      ...stretch,
    }));
    bench.cache.provenance(slow, { version: 1, path: '/var/log/slow' }, ...seconds);
    await bench.round();
    const batch = bench.batch();
    const records = bench.next(batch);
    assert.equal(records.filter(({ chunk }) => chunk === fast).length, 10);
    assert.equal(records.filter(({ chunk }) => chunk === slow).length, 100);
    assert.equal(batch.dropped, 90);
    assert.equal(batch.lines, undefined);
  });
});

/** Bytes of all values, with newlines here and there. */
function randomBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) {
    bytes[index] = Math.random() < 0.01 ? 0x0a : Math.floor(Math.random() * 256);
  }
  return bytes;
}
