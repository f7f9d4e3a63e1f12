/** When a write begins a new stretch, and which threads may decide that. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { LastWriters, MAX_PROCESSES, MAX_STRETCHES, Verdict } from '../../src/capture/last-writers.js';
import { NOBODY, unknownWriter } from '../../src/capture/writer.js';

const SLOT = 7;
const alice = { pid: 10, uid: 1000, gid: 1000 };

describe('last writers', () => {
  let last: LastWriters;
  const judge = (writer: { pid: number; uid: number; gid: number }, second: number): Verdict =>
    last.judge(SLOT, writer.pid, writer.uid, writer.gid, second);
  const mayPass = (second: number): boolean => last.mayPass(SLOT, alice.pid, alice.uid, alice.gid, second);

  beforeEach(() => {
    last = new LastWriters();
    last.begin(SLOT, alice, 100);
  });

  test('a write of the same writer in the same second is nothing new', () => {
    assert.equal(judge(alice, 100), Verdict.same);
    assert.equal(mayPass(100), true);
  });

  test('each of pid, uid and gid makes another writer, in any second', () => {
    for (const field of ['pid', 'uid', 'gid'] as const) {
      assert.equal(judge({ ...alice, [field]: 11 }, 100), Verdict.change, field);
      assert.equal(judge({ ...alice, [field]: 11 }, 101), Verdict.change, field);
    }
  });

  test('a clock that steps back makes a new stretch as well', () => {
    assert.equal(judge(alice, 99), Verdict.tick);
  });

  test('slots do not know of each other', () => {
    assert.equal(last.judge(SLOT + 1, alice.pid, alice.uid, alice.gid, 100), Verdict.change);
  });

  test('three ticks wait, with their offsets and times; the fourth has to be left to the owner', () => {
    const ticks = [
      { offset: 5, time: 101_001 },
      { offset: 0xfffffff0, time: 102_000 },
      { offset: 7, time: 1_795_243_582_999 },
    ];
    for (const { offset, time } of ticks) {
      assert.equal(mayPass(Math.floor(time / 1000)), true);
      last.pass(SLOT, offset, time);
      last.pass(SLOT, offset + 1, time);
    }
    assert.equal(mayPass(1_795_243_582), true);
    assert.equal(mayPass(1_795_243_583), false);
    assert.equal(last.hasTicks(SLOT), true);
    assert.deepEqual(last.takeTicks(SLOT), ticks);
    assert.equal(last.hasTicks(SLOT), false);
    assert.equal(mayPass(1_795_243_583), true);
  });

  test('after too many processes in a second the last one stands for the others of its user', () => {
    for (let pid = 1; pid < MAX_PROCESSES; pid++) {
      assert.equal(judge({ ...alice, pid: pid + 100 }, 100), Verdict.change);
      last.begin(SLOT, { ...alice, pid: pid + 100 }, 100);
    }
    assert.equal(judge(alice, 100), Verdict.same);
    assert.equal(judge({ ...alice, uid: 0 }, 100), Verdict.change);
    assert.equal(judge({ ...alice, gid: 0 }, 100), Verdict.change);
    assert.equal(judge(alice, 101), Verdict.change);
  });

  test('after too many users an unknown writer stands for everybody until the next second', () => {
    for (let uid = 1; uid < MAX_STRETCHES; uid++) {
      assert.equal(judge({ ...alice, uid }, 100), Verdict.change);
      last.begin(SLOT, { ...alice, uid }, 100);
    }
    assert.equal(judge({ ...alice, uid: 0 }, 100), Verdict.crowd);
    last.begin(SLOT, unknownWriter, 100);
    assert.equal(judge({ ...alice, uid: 0 }, 100), Verdict.same);
    assert.equal(judge(alice, 100), Verdict.same);
    assert.equal(judge(alice, 101), Verdict.change);
  });

  test('an unknown writer among few is followed by a known one at once', () => {
    last.begin(SLOT, unknownWriter, 100);
    assert.equal(judge({ pid: NOBODY, uid: NOBODY, gid: NOBODY }, 100), Verdict.same);
    assert.equal(judge(alice, 100), Verdict.change);
  });

  test('a new chunk has no last writer', () => {
    last.pass(SLOT, 3, 101_000);
    last.forget(SLOT);
    assert.notEqual(judge(alice, 101), Verdict.same);
    assert.equal(last.hasTicks(SLOT), false);
  });
});
