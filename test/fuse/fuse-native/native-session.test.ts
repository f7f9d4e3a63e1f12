import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ChunkStore } from '../../../src/capture/chunk-store.js';
import { Losses } from '../../../src/capture/losses.js';
import { PatternSet } from '../../../src/capture/pattern-set.js';
import { SkippedWriters } from '../../../src/capture/skipped-writers.js';
import { StreamTable } from '../../../src/capture/stream-table.js';
import { ChunkSyncs } from '../../../src/fuse/chunk-syncs.js';
import {
  ANSWER_LATER,
  type Answer,
  type NativeOperation,
  NativeSession,
} from '../../../src/fuse/fuse-native/native-session.js';
import { Errno } from '../../../src/libc/errno.js';
import { Caller } from '../../../src/mirror/caller.js';
import { Mirror } from '../../../src/mirror/mirror.js';

describe('what the package is answered', () => {
  let folder: string;
  let session: NativeSession;
  let defects: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    defects = [];
    const patterns = new PatternSet([], () => undefined);
    // Nothing is tracked, so nothing is stored.
    const streams = new StreamTable(patterns, {} as ChunkStore, new Losses(), {
      mountpoint: '/log',
      sealMilliseconds: 1000,
      skippedWriters: new SkippedWriters([]),
    });
    const mirror = new Mirror(openSync(folder, 'r'), new Caller(), 100);
    const syncs = new ChunkSyncs(() => undefined);
    session = new NativeSession(
      mirror,
      streams,
      () => 0,
      true,
      syncs,
      (what) => defects.push(what),
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Everything that one call of an operation answers. */
  function answers(name: 'read' | 'open' | 'unlink', operation: NativeOperation): unknown[][] {
    const given: unknown[][] = [];
    session.expose({ [name]: operation })[name]?.('/path', (...answer: unknown[]) => given.push(answer));
    return given;
  }

  test('an exception is EIO, and reported', () => {
    const given = answers('unlink', () => {
      throw new TypeError('a mistake');
    });
    assert.deepEqual(given, [[-Errno.EIO]]);
    assert.deepEqual(defects, ['unlink']);
  });

  test('a second answer is dropped', () => {
    const given = answers('unlink', (_, answer) => {
      answer(0);
      return -Errno.ENOENT;
    });
    assert.deepEqual(given, [[0]]);
  });

  test('an answer may come later', () => {
    let later: Answer = () => undefined;
    const given = answers('unlink', (_, answer) => {
      later = answer;
      return ANSWER_LATER;
    });
    assert.deepEqual(given, []);
    later(0);
    later(0);
    assert.deepEqual(given, [[0]]);
  });

  test('a count of bytes and a handle reach the package in their own ways', () => {
    assert.deepEqual(
      answers('read', () => 7),
      [[7]],
    );
    assert.deepEqual(
      answers('open', () => 7),
      [[0, 7]],
    );
  });

  test('nothing is done any more after the end', () => {
    session.ended = true;
    assert.deepEqual(
      answers('unlink', () => 0),
      [[-Errno.ENOTCONN]],
    );
  });
});
