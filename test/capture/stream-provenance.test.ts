/** What a stream says about its chunks, with writers and a clock of the test's own. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../src/capture/chunk-store.js';
import { HotCapture } from '../../src/capture/hot-capture.js';
import { LastWriters, MAX_PROCESSES, MAX_STRETCHES } from '../../src/capture/last-writers.js';
import { Losses } from '../../src/capture/losses.js';
import { Provenance } from '../../src/capture/provenance.js';
import { Stream } from '../../src/capture/stream.js';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { Errno } from '../../src/libc/errno.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { plentyOfCredit, unlimitedRoom } from '../harness/cache-room.js';

const CHUNK_SIZE = 200;
const HANDLE = 3;
/** Threads that never are: above the largest pid of Linux, 2^22. */
const A = 0x500001;
const B = 0x500002;

interface Line {
  readonly path?: string;
  readonly offset?: number;
  readonly time?: string;
  readonly pid?: number;
  readonly uid?: number;
  readonly command?: string;
}

describe('provenance of a stream', () => {
  let folder: string;
  let meta: string;
  let clock: ChunkClock;
  let slots: StreamSlots;
  let stream: Stream;
  let provenance: Provenance;
  let hot: HotCapture;
  let now: number;
  let asked: number[];
  const writer = { pid: A, uid: 0, gid: 0 };
  const region = new MemoryRegion(4096);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    meta = join(folder, 'meta');
    clock = new ChunkClock(join(folder, 'clock'), 0n);
    slots = new StreamSlots();
    now = 1_000_000;
    asked = [];
    Object.assign(writer, { pid: A, uid: 0, gid: 0 });
    const lastWriters = new LastWriters();
    provenance = new Provenance({
      meta,
      gid: undefined,
      writer,
      lastWriters,
      askForCommand: (pid) => asked.push(pid),
      now: () => now,
    });
    const slot = slots.take('/var/log/f');
    slots.link(HANDLE, slot);
    const store = new ChunkStore(
      { logs: join(folder, 'logs'), gid: undefined, chunkSize: CHUNK_SIZE },
      clock,
      unlimitedRoom(join(folder, 'logs')),
    );
    const ofStream = provenance.ofStream('/var/log/app.log', slot, slots);
    stream = new Stream('/var/log/app.log', slot, slots, store, new Losses(), false, ofStream);
    hot = new HotCapture(slots, CHUNK_SIZE, lastWriters, plentyOfCredit());
  });
  afterEach(() => {
    stream.seal();
    clock.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const append = (text: string, pid = A, uid = 0): void => {
    Object.assign(writer, { pid, uid, gid: uid });
    stream.append(region, 0, region.bytes.write(text));
  };
  /** As a queue thread does, which hands over what it can't capture. @returns whether it could */
  const appendHot = (text: string, pid = A): boolean => {
    const length = region.bytes.write(text);
    if (hot.append(HANDLE, region.address, length, pid, 0, 0) === length) return true;
    append(text, pid);
    return false;
  };
  const files = (): string[] => readdirSync(meta).sort();
  const lines = (file = files().at(-1) ?? ''): Line[] =>
    readFileSync(join(meta, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const stretches = (file?: string): unknown[][] =>
    lines(file)
      .slice(1)
      .map(({ offset, pid, uid }) => [offset, pid, uid]);

  test('has a line for each change of writer, at the byte where it happens', () => {
    append('1\n');
    append('22\n');
    append('3\n', B);
    append('4\n', B, 5);
    append('5\n', B, 5);
    append('6\n');
    assert.equal(lines()[0]?.path, '/var/log/app.log');
    assert.deepEqual(stretches(), [
      [0, A, 0],
      [5, B, 0],
      [7, B, 5],
      [11, A, 0],
    ]);
  });

  test('has a line for each second in which something is written', () => {
    append('1\n');
    now += 999;
    append('2\n');
    now += 1;
    append('3\n');
    now += 60_000;
    append('4\n');
    assert.deepEqual(
      lines()
        .slice(1)
        .map(({ offset, time }) => [offset, time]),
      [
        [0, '1000000000000'],
        [4, '1001000000000'],
        [6, '1061000000000'],
      ],
    );
  });

  test('begins anew with each chunk', () => {
    append(`${'x'.repeat(219)}\nrest`);
    append('more\n', B);
    assert.equal(files().length, 2);
    const [first, second] = files();
    assert.deepEqual(stretches(first), [[0, A, 0]]);
    assert.deepEqual(stretches(second), [
      [0, A, 0],
      [4, B, 0],
    ]);
    assert.equal(lines(second)[0]?.path, '/var/log/app.log');
  });

  test('goes with a chunk that somebody has deleted', () => {
    append('1\n');
    rmSync(join(folder, 'logs'), { recursive: true });
    append('2\n', B);
    assert.equal(files().length, 1);
    assert.deepEqual(stretches(), [[0, B, 0]]);
  });

  test('a queue thread notes a new second, and leaves another writer to the owner', (t) => {
    t.mock.method(Date, 'now', () => now);
    append('1\n');
    assert.equal(appendHot('2\n'), true);
    now = 1_001_500;
    assert.equal(appendHot('3\n'), true);
    assert.equal(appendHot('4\n', B), false);
    now = 1_002_000;
    assert.equal(appendHot('5\n', B), true);
    assert.equal(lines().length, 4);
    stream.sealIfIdle(0, 10_000);
    assert.deepEqual(stretches(), [
      [0, A, 0],
      [4, A, 0],
      [6, B, 0],
      [8, B, 0],
    ]);
    assert.deepEqual(lines().at(2)?.time, '1001500000000');
  });

  test('is complete when the chunk is sealed', (t) => {
    t.mock.method(Date, 'now', () => now);
    append('1\n');
    now = 1_001_000;
    appendHot('2\n');
    assert.equal(lines().length, 2);
    stream.seal();
    assert.equal(lines().length, 3);
  });

  test('is bounded: many processes of a user are one, and many users are nobody', () => {
    for (let line = 0; line < 60; line++) append('x', A + line);
    assert.equal(stretches().length, MAX_PROCESSES);
    for (let line = 0; stretches().at(-1)?.[1] !== undefined; line++) append('y', A, 1 + line);
    assert.equal(stretches().length, MAX_STRETCHES + 1);
    const { offset = 0, ...others } = lines().at(-1) ?? {};
    assert.deepEqual(Object.keys(others), ['time']);
    append('z', B, 8);
    append('0', A, 0);
    assert.equal(stretches().length, MAX_STRETCHES + 1);
    now += 1000;
    append('next', B, 8);
    assert.deepEqual(stretches().at(-1), [offset + 3, B, 8]);
  });

  test('corrects its last line when it hears of the command line', () => {
    append('1\n', process.pid);
    assert.ok(lines().at(-1)?.command?.startsWith('node'));
    assert.deepEqual(asked, [process.pid]);
    provenance.learn(process.pid, Buffer.from('node\0x.js\0'));
    provenance.learn(process.pid, Buffer.from('node\0y.js\0'));
    const [, first, second, ...others] = lines();
    assert.deepEqual([first?.offset, second?.offset, others], [0, 0, []]);
    assert.equal(second?.command, 'node x.js');
  });

  test('does not touch the file of a sealed chunk', () => {
    append('1\n', process.pid);
    stream.seal();
    provenance.learn(process.pid, Buffer.from('node\0x.js\0'));
    assert.equal(lines().length, 2);
  });

  test('fails without a trace in capture, is counted, and tells later that it does not know', () => {
    append('1\n');
    rmSync(meta, { recursive: true });
    writeFileSync(meta, '');
    append('2\n', B);
    append('3\n');
    const [report] = provenance.dueFailures(0);
    assert.deepEqual([report?.path, report?.errno, report?.writes], [meta, Errno.ENOTDIR, 2]);
    rmSync(meta);
    append('4\n', B);
    assert.deepEqual(stretches(), [
      [2, undefined, undefined],
      [6, B, 0],
    ]);
    const [chunk = ''] = readdirSync(join(folder, 'logs'));
    assert.equal(readFileSync(join(folder, 'logs', chunk), 'utf8'), '1\n2\n3\n4\n');
    assert.equal(existsSync(meta), true);
  });
});
