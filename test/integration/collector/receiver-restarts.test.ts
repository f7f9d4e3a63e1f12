/** A collector and its receiver, both killed again and again: every line arrives, and repeats come only from the cuts. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CollectProcess, collect } from '../../harness/collect-process.js';
import { HandMadeCache } from '../../harness/hand-made-cache.js';
import { freePort } from '../../harness/ports.js';
import { compiledTest } from '../../harness/project.js';
import { byLength } from '../../harness/test-length.js';

const streams = byLength(20, 50);
const linesPerStream = byLength(5_000, 40_000);
const linesPerChunk = 1000;
const collectorKills = byLength(6, 50);
const receiverKills = byLength(4, 10);
const limit = { timeout: byLength(180_000, 1_800_000) };

const lineOf = (stream: number, number: number): string => `<${stream}:${number}:${'x'.repeat((number * 7) % 80)}>\n`;

function fill(cache: HandMadeCache): void {
  for (let from = 0; from < linesPerStream; from += linesPerChunk) {
    for (let stream = 0; stream < streams; stream++) {
      const lines = Array.from({ length: linesPerChunk }, (_, index) => lineOf(stream, from + index));
      cache.sealed(`/var/log/${stream}`, lines.join(''));
    }
  }
}

/** Keeps a receiver running, and kills it now and then. */
class Receiver {
  private child: ChildProcess | undefined;

  constructor(
    context: TestContext,
    private readonly port: number,
    private readonly file: string,
  ) {
    context.after(() => void this.child?.kill('SIGKILL'));
  }

  async start(): Promise<void> {
    this.child = spawn(process.execPath, [compiledTest('harness/http-store.js'), `${this.port}`, this.file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.child.stdout !== null) await once(this.child.stdout, 'data');
  }

  async restart(): Promise<void> {
    this.child?.kill('SIGKILL');
    await delay(Math.random() * 300);
    await this.start();
  }
}

/** @returns how often each line arrived */
function arrivals(file: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of readFileSync(file, 'latin1').split('\n').slice(0, -1)) {
    assert.match(line, /^<\d+:\d+:x*>$/);
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}

test('collector and receiver killed in turn: every line arrives, logs/ is empty', limit, async (context) => {
  const cache = new HandMadeCache(context);
  fill(cache);
  const [file, port] = [cache.path('received'), await freePort()];
  writeFileSync(file, '');
  const receiver = new Receiver(context, port, file);
  await receiver.start();
  const args = [cache.root, '--to', `http://127.0.0.1:${port}/logs`, '--format', 'raw', '--batch-bytes', '16k'];
  for (let kill = 0; kill < collectorKills; kill++) {
    const collector = new CollectProcess(context, args);
    if (kill < receiverKills) await receiver.restart();
    await collector.killAfter(300 + Math.random() * 300);
  }
  const last = await collect(context, [...args, '--once']);
  assert.equal(last.code, 0, last.stderr);
  const counts = arrivals(file);
  assert.equal(counts.size, streams * linesPerStream, 'every line');
  const repeated = [...counts.values()].filter((count) => count > 1).length;
  context.diagnostic(`${repeated} of ${counts.size} lines arrived more than once`);
  // So many kills that some come between delivery and acknowledgement; of a few perhaps none does.
  assert.ok(repeated >= byLength(0, 1), 'a kill came between delivery and acknowledgement');
  // A batch of 16 KiB holds some 400 lines, and each kill can cut one off from its acknowledgement.
  assert.ok(repeated <= (collectorKills + receiverKills) * 1000, 'repeats only at the cuts');
  assert.deepEqual(cache.chunks(), []);
  assert.deepEqual(readdirSync(cache.meta), ['collector.pid'], 'no state is left');
});
