/** What a destination has acknowledged survives kills, and damage costs repeats at most. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Checkpoint, checkpointName } from '../../src/collector/checkpoint.js';
import type { Position } from '../../src/collector/position.js';
import { StreamChunks } from '../../src/collector/stream-chunks.js';
import { streamOf } from '../harness/chunks.js';
import { temporaryPrefix } from '../harness/project.js';

const limit = { timeout: 20_000 };
const id = streamOf('/var/log/a');
const chunk = (number: number): string => `${id}.1763700000.${String(number).padStart(7, '0')}.log`;
const at = (number: number, offset: number): Position => ({ chunk: chunk(number), offset, part: 0 });

class Bench {
  readonly meta = mkdtempSync(join(tmpdir(), temporaryPrefix));
  readonly file = join(this.meta, checkpointName('somewhere'));
  readonly problems: string[] = [];
  readonly stream = new StreamChunks(id);

  constructor(context: TestContext) {
    context.after(() => rmSync(this.meta, { recursive: true }));
    this.stream.update([chunk(1), chunk(2)]);
  }

  open(): Checkpoint {
    return new Checkpoint(this.meta, 'somewhere', (message) => this.problems.push(message));
  }
}

describe('progress', limit, () => {
  test('is there when it is opened again, without having been closed', (context) => {
    const bench = new Bench(context);
    const first = bench.open();
    first.commit([[id, at(1, 10)]]);
    first.commit([[id, { ...at(2, 5), part: 3 }]]);
    assert.deepEqual(bench.open().positionIn(bench.stream), { ...at(2, 5), part: 3 });
    assert.deepEqual(bench.problems, []);
  });

  test('is only as old as the last whole line when the last one is torn', (context) => {
    const bench = new Bench(context);
    const first = bench.open();
    first.commit([[id, at(1, 10)]]);
    first.commit([[id, at(1, 20)]]);
    truncateSync(bench.file, statSync(bench.file).size - 3);
    const again = bench.open();
    assert.deepEqual(again.positionIn(bench.stream), at(1, 10));
    again.commit([[id, at(1, 30)]]);
    assert.deepEqual(bench.open().positionIn(bench.stream), at(1, 30));
    assert.deepEqual(bench.problems, []);
  });

  test('that is damaged is set aside and reported; what is legible counts', (context) => {
    const bench = new Bench(context);
    bench.open().commit([[id, at(1, 10)]]);
    const text = readFileSync(bench.file, 'utf8');
    appendFileSync(bench.file, `\0\0\0\nrubbish\n${text.replace(/"([^"]*)",10/, '"$1",99')}`);
    assert.deepEqual(bench.open().positionIn(bench.stream), at(1, 10));
    assert.equal(bench.problems.length, 1);
    assert.match(bench.problems[0] ?? '', /damaged \(3 lines\)/);
    assert.equal(readdirSync(bench.meta).filter((name) => name.includes('.corrupt-')).length, 1);
    assert.deepEqual(bench.open().positionIn(bench.stream), at(1, 10));
    assert.equal(bench.problems.length, 1);
  });

  test('in a chunk that is not there means nothing: what is there is delivered', (context) => {
    const bench = new Bench(context);
    const checkpoint = bench.open();
    checkpoint.commit([[id, at(9, 10)]]);
    assert.equal(checkpoint.positionIn(bench.stream), undefined);
  });

  test('tells which chunks are done', (context) => {
    const bench = new Bench(context);
    const checkpoint = bench.open();
    assert.equal(checkpoint.isDone(bench.stream, chunk(1), 10), false);
    checkpoint.commit([[id, at(2, 10)]]);
    assert.equal(checkpoint.isDone(bench.stream, chunk(1), undefined), true);
    assert.equal(checkpoint.isDone(bench.stream, chunk(2), undefined), false);
    assert.equal(checkpoint.isDone(bench.stream, chunk(2), 11), false);
    assert.equal(checkpoint.isDone(bench.stream, chunk(2), 10), true);
    checkpoint.rewind(id, chunk(1));
    assert.equal(checkpoint.isDone(bench.stream, chunk(1), 10), false);
    assert.deepEqual(bench.open().positionIn(bench.stream), at(1, 0));
  });

  test('is forgotten with its stream, and the file goes with the last one', async (context) => {
    const bench = new Bench(context);
    const checkpoint = bench.open();
    checkpoint.commit([[id, at(1, 10)]]);
    checkpoint.retain(() => false);
    await checkpoint.close();
    assert.equal(existsSync(bench.file), false);
  });

  test('does not grow without bound', (context) => {
    const bench = new Bench(context);
    const checkpoint = bench.open();
    for (let offset = 0; offset < 20_000; offset++) checkpoint.commit([[id, at(1, offset)]]);
    assert.ok(statSync(bench.file).size < 1_200_000, `${statSync(bench.file).size} bytes`);
    assert.deepEqual(bench.open().positionIn(bench.stream), at(1, 19_999));
  });

  test('that can not be written counts nevertheless, and is written later', (context) => {
    const bench = new Bench(context);
    const checkpoint = bench.open();
    // Neither a new file nor a rename is possible in a folder that is not there.
    rmSync(bench.meta, { recursive: true });
    for (let offset = 0; offset < 12_000; offset++) {
      try {
        checkpoint.commit([[id, at(1, offset)]]);
      } catch {
        // The file would have been replaced.
      }
    }
    assert.deepEqual(checkpoint.positionIn(bench.stream), at(1, 11_999));
    mkdirSync(bench.meta);
    checkpoint.commit([[id, at(2, 1)]]);
    assert.deepEqual(bench.open().positionIn(bench.stream), at(2, 1));
  });
});
