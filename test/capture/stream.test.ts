import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../src/capture/chunk-store.js';
import { Losses } from '../../src/capture/losses.js';
import { Stream } from '../../src/capture/stream.js';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { unlimitedRoom } from '../harness/cache-room.js';

const CHUNK_SIZE = 100;
const region = new MemoryRegion(4096);

describe('a stream', () => {
  let folder: string;
  let logs: string;
  let clock: ChunkClock;
  let losses: Losses;
  let stream: Stream;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    logs = join(folder, 'logs');
    clock = new ChunkClock(join(folder, 'clock'), 0n);
    losses = new Losses();
    stream = new Stream(
      '/var/log/app.log',
      0,
      new StreamSlots(),
      new ChunkStore({ logs, gid: undefined, chunkSize: CHUNK_SIZE }, clock, unlimitedRoom(logs)),
      losses,
    );
  });
  afterEach(() => {
    stream.seal();
    clock.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Appends as the request loop does: from the middle of a buffer that holds other bytes as well. */
  const append = (text: string): void => {
    region.bytes.fill('\n');
    const length = region.bytes.write(text, 80);
    stream.append(region, 80, length);
  };
  const chunks = (): string[] => readdirSync(logs).sort();
  const contents = (): string[] => chunks().map((name) => readFileSync(join(logs, name), 'latin1'));
  const modes = (): number[] => chunks().map((name) => statSync(join(logs, name)).mode & 0o777);

  test('has no chunk before its first byte', () => {
    assert.equal(existsSync(logs), false);
  });

  test('makes logs/ when it is missing', () => {
    append('a\n');
    assert.deepEqual(contents(), ['a\n']);
  });

  test('appends to one chunk while that is small', () => {
    append('a\n');
    append('b');
    append('c\n');
    assert.deepEqual(contents(), ['a\nbc\n']);
    assert.deepEqual(modes(), [0o600]);
  });

  test('begins a new chunk after the one that exceeds the chunk size with a newline at its end', () => {
    const line = `${'x'.repeat(59)}\n`;
    for (let i = 0; i < 3; i++) append(line);
    assert.deepEqual(contents(), [line + line, line]);
    assert.deepEqual(modes(), [0o400, 0o600]);
  });

  test('does not end a chunk of exactly the chunk size', () => {
    append(`${'x'.repeat(CHUNK_SIZE - 1)}\n`);
    append('y\n');
    assert.equal(contents().length, 1);
  });

  test('cuts behind a newline within a write, and goes on in the next chunk', () => {
    append(`${'x'.repeat(119)}\nrest`);
    append(' of it\n');
    assert.deepEqual(contents(), [`${'x'.repeat(119)}\n`, 'rest of it\n']);
  });

  test('waits for the newline of a line that crosses the chunk size', () => {
    append('x'.repeat(150));
    append('y'.repeat(50));
    append('\nz');
    assert.deepEqual(contents(), [`${'x'.repeat(150)}${'y'.repeat(50)}\n`, 'z']);
  });

  test('cuts data without newlines at four times the chunk size', () => {
    append('x'.repeat(1000));
    assert.deepEqual(
      contents().map((text) => text.length),
      [400, 400, 200],
    );
  });

  test('keeps a large write that ends with a newline in one piece', () => {
    append(`${'x'.repeat(298)}\n\n`);
    assert.equal(contents().length, 1);
  });

  test('begins a new chunk when the live one was deleted', () => {
    append('a\n');
    rmSync(join(logs, chunks()[0] ?? ''));
    append('b\n');
    assert.deepEqual(contents(), ['b\n']);
  });

  test('seals an idle chunk, and begins a new one with the next byte', () => {
    append('a\n');
    stream.sealIfIdle(0, 10_000);
    stream.sealIfIdle(9_999, 10_000);
    assert.deepEqual(modes(), [0o600]);
    stream.sealIfIdle(10_000, 10_000);
    assert.deepEqual(modes(), [0o400]);
    append('b\n');
    assert.deepEqual(contents(), ['a\n', 'b\n']);
  });

  test('does not seal a chunk that is written to', () => {
    for (let now = 0; now <= 30_000; now += 5_000) {
      append('a\n');
      stream.sealIfIdle(now, 10_000);
    }
    assert.deepEqual(modes(), [0o600]);
  });

  test('is finished when nobody has it open and its chunk is sealed', () => {
    stream.handles = 1;
    assert.equal(stream.sealIfIdle(0, 0), false);
    stream.handles = 0;
    assert.equal(stream.sealIfIdle(0, 0), true);
  });

  test('counts what it can not store', () => {
    rmSync(folder, { recursive: true });
    append('lost\n');
    const [report] = losses.due(0);
    assert.deepEqual(report, {
      path: '/var/log/app.log',
      errno: 2,
      writes: 1,
      chunks: 0,
      refused: 0,
      bytes: 5,
      lines: 1,
    });
  });
});
