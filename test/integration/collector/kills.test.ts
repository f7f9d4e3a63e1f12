/**
 * A collector that is killed again and again while logs are written: every line arrives, and nothing is repeated but the
 * batches that were in flight.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { CollectProcess, collect } from '../../harness/collect-process.js';
import { HandMadeCache } from '../../harness/hand-made-cache.js';
import { byLength } from '../../harness/test-length.js';

const streams = byLength(20, 50);
const linesPerStream = byLength(10_000, 40_000);
const kills = byLength(8, 50);
const limit = { timeout: byLength(180_000, 1_800_000) };
const linesPerChunk = 700;
const batchBytes = 64 * 1024;
/** A batch may be larger by what is read in one go. */
const turnBytes = 16 * 1024;
/** A receiver that takes its time: `kill` then mostly comes in the middle of a batch. */
const receiverPauseMilliseconds = byLength(8, 10);

/** Lines as they arrive, over the lives of several collectors. */
class Ledger {
  /** Bytes that were delivered again, by collector. */
  readonly repeatedBytes: number[] = [];
  private readonly seen = new Set<string>();
  private readonly latest = new Map<string, number>();
  readonly disorder: string[] = [];

  /** What one collector has written; half a line at its end does not count. */
  add(output: string): void {
    this.latest.clear();
    let repeated = 0;
    for (const line of output.split('\n').slice(0, -1)) {
      const [, stream = '', number = ''] = /^<(\d+):(\d+):x*>$/.exec(line) ?? [];
      if (stream === '') assert.fail(`not a line that was written: ${line.slice(0, 100)}`);
      if (Number(number) <= (this.latest.get(stream) ?? -1)) this.disorder.push(line);
      this.latest.set(stream, Number(number));
      const id = `${stream}:${number}`;
      if (this.seen.has(id)) repeated += line.length + 1;
      this.seen.add(id);
    }
    this.repeatedBytes.push(repeated);
  }

  get size(): number {
    return this.seen.size;
  }
}

const lineOf = (stream: number, number: number): string => `<${stream}:${number}:${'x'.repeat((number * 7) % 80)}>\n`;

/** Writes all lines, stream by stream in turn, in chunks whose borders lie anywhere. */
async function write(cache: HandMadeCache, signal: { done: boolean }): Promise<void> {
  const rest = new Map<number, string>();
  const live = new Map<number, string>();
  for (let from = 0; from < linesPerStream; from += linesPerChunk) {
    for (let stream = 0; stream < streams; stream++) {
      let text = rest.get(stream) ?? '';
      const behind = Math.min(from + linesPerChunk, linesPerStream);
      for (let number = from; number < behind; number++) text += lineOf(stream, number);
      const cut = behind === linesPerStream ? text.length : text.length - Math.floor(Math.random() * 60);
      const middle = Math.floor(Math.random() * cut);
      const chunk = cache.live(`/var/log/${stream}`, text.slice(0, middle));
      await nextTurn();
      cache.append(chunk, text.slice(middle, cut));
      // As the mount does it: a chunk that ends within a line is followed by the next one at once.
      const previous = live.get(stream);
      if (previous !== undefined) cache.seal(previous);
      live.set(stream, chunk);
      rest.set(stream, text.slice(cut));
    }
    await delay(byLength(100, 200));
  }
  for (const chunk of live.values()) cache.seal(chunk);
  signal.done = true;
}

/** Reads a collector's output slowly. */
async function receive(collector: CollectProcess): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of collector.stdout) {
    parts.push(part as Buffer);
    await delay(receiverPauseMilliseconds);
  }
  return Buffer.concat(parts).toString('latin1');
}

async function collectUntilKilled(context: TestContext, cache: HandMadeCache): Promise<string> {
  const args = [cache.root, '--to', 'stdout:', '--batch-bytes', String(batchBytes), '--batch-seconds', '0'];
  const collector = new CollectProcess(context, args, { stdout: 'ignored' });
  const output = receive(collector);
  await collector.killAfter(300 + Math.random() * 600);
  return output;
}

test(
  'kill -9 in the middle: every line arrives, in order, and only batches in flight are repeated',
  limit,
  async (context) => {
    const cache = new HandMadeCache(context);
    const ledger = new Ledger();
    const writing = { done: false };
    const writer = write(cache, writing);
    writer.catch(() => undefined);
    for (let kill = 0; kill < kills || !writing.done; kill++) ledger.add(await collectUntilKilled(context, cache));
    await writer;
    const last = await collect(context, [cache.root, '--once', '--to', 'stdout:']);
    assert.equal(last.code, 0, last.stderr);
    ledger.add(last.stdout);
    assert.equal(ledger.size, streams * linesPerStream, 'every line');
    assert.deepEqual(ledger.disorder, [], 'in order');
    context.diagnostic(`bytes that were repeated after each kill: ${ledger.repeatedBytes.join(' ')}`);
    // What a killed process had written is in the pipe, hence in the ledger: at most one batch of it is not acknowledged.
    // The next one may begin with other streams, so that two such batches can be repeated by the one after it.
    const repeated = ledger.repeatedBytes.reduce((sum, bytes) => sum + bytes, 0);
    const cuts = ledger.repeatedBytes.length - 1;
    assert.ok(repeated <= cuts * (batchBytes + turnBytes), 'one batch a kill is repeated at most');
    assert.ok(repeated > 0, 'a kill came in the middle of a batch');
    assert.deepEqual(cache.chunks(), [], 'logs/ is empty');
    assert.deepEqual(readdirSync(cache.meta), ['collector.pid'], 'no state is left');
  },
);
