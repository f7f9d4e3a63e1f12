import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Chunk } from '../../src/capture/chunk.js';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../src/capture/chunk-store.js';
import { type UnsyncedCapture, UnsyncedChunks } from '../../src/capture/unsynced-chunks.js';
import { unlimitedRoom } from '../harness/cache-room.js';

const STREAM = '0'.repeat(32);

describe('what a sync has to cover', () => {
  let folder: string;
  let store: ChunkStore;
  let unsynced: UnsyncedChunks;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    const logs = join(folder, 'logs');
    store = new ChunkStore(
      { logs, gid: undefined, chunkSize: 100 },
      new ChunkClock(join(folder, 'clock'), 0n),
      unlimitedRoom(logs),
    );
    unsynced = new UnsyncedChunks('/var/log/app.log', store, false);
  });
  afterEach(() => {
    unsynced.release();
    rmSync(folder, { recursive: true });
  });

  const begin = (): Chunk => {
    const chunk = store.create(STREAM);
    assert.ok(chunk instanceof Chunk);
    unsynced.begun();
    return chunk;
  };
  const end = (chunk: Chunk): void => {
    unsynced.ended(chunk);
    chunk.seal();
  };
  /** What is named, chunks as `chunk`; everything is closed, as a sync does. */
  const take = (live?: Chunk): { files: string[]; wholeFileSystem: boolean } | undefined => {
    const capture: UnsyncedCapture | undefined = unsynced.take(live);
    const files = capture?.fds.map((fd) => (readlinkSync(`/proc/self/fd/${fd}`).endsWith('logs') ? 'folder' : 'chunk'));
    for (const fd of capture?.fds ?? []) closeSync(fd);
    return capture && { files: files ?? [], wholeFileSystem: capture.wholeFileSystem };
  };

  test('nothing, where nothing was captured', () => assert.equal(take(), undefined));

  test('a new chunk and its name', () => {
    assert.deepEqual(take(begin()), { files: ['chunk', 'folder'], wholeFileSystem: false });
  });

  test('the live chunk alone, once its name is on disk', () => {
    const chunk = begin();
    take(chunk);
    assert.deepEqual(take(chunk), { files: ['chunk'], wholeFileSystem: false });
  });

  test('chunks that ended since the last sync', () => {
    const first = begin();
    take(first);
    end(first);
    assert.deepEqual(take(begin()), { files: ['chunk', 'chunk', 'folder'], wholeFileSystem: false });
  });

  test('the whole file system, where chunks ended before the first sync', () => {
    end(begin());
    assert.deepEqual(take(), { files: ['folder'], wholeFileSystem: true });
  });

  test('the whole file system, where an earlier stream of the path left unsynced chunks', () => {
    unsynced = new UnsyncedChunks('/var/log/app.log', store, true);
    begin();
    assert.equal(take()?.wholeFileSystem, true);
  });

  test('everything again, after a sync that failed', () => {
    const chunk = begin();
    take(chunk);
    unsynced.failed();
    assert.equal(take(chunk)?.wholeFileSystem, true);
  });

  test('the whole file system, where more chunks ended than are kept open', () => {
    take(begin());
    for (let i = 0; i < 5; i++) end(begin());
    assert.equal(take()?.wholeFileSystem, true);
    assert.equal(take(), undefined, 'and nothing is left to sync');
  });
});
