import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChunkClock } from '../../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../../src/capture/chunk-store.js';
import { HotCapture } from '../../../src/capture/hot-capture.js';
import { Losses } from '../../../src/capture/losses.js';
import { PatternSet } from '../../../src/capture/pattern-set.js';
import { SkippedWriters } from '../../../src/capture/skipped-writers.js';
import { StreamSlots } from '../../../src/capture/stream-slots.js';
import { StreamTable } from '../../../src/capture/stream-table.js';
import { parseTrackList } from '../../../src/capture/track-list.js';
import { WriteIn } from '../../../src/fuse/layout.js';
import { Session } from '../../../src/fuse/session.js';
import { HandedRequests } from '../../../src/fuse/uring/handed-requests.js';
import { HotRequests } from '../../../src/fuse/uring/hot-requests.js';
import type { SharedMemory } from '../../../src/fuse/uring/queue-messages.js';
import { RequestSlots } from '../../../src/fuse/uring/request-slots.js';
import { SlotMailbox } from '../../../src/fuse/uring/slot-mailbox.js';
import { turnsSize } from '../../../src/fuse/uring/turns.js';
import { eventfd } from '../../../src/libc/calls.js';
import { MemoryRegion } from '../../../src/libc/memory.js';
import { Caller } from '../../../src/mirror/caller.js';
import { Mirror } from '../../../src/mirror/mirror.js';
import { OpenDescriptors } from '../../../src/mirror/open-descriptors.js';
import { plentyOfCredit, unlimitedRoom } from '../../harness/cache-room.js';

/** EFD_NONBLOCK. */
const EVENTFD_FLAGS = 0o4000;
/** Word of a slot's header where the first argument begins. */
const ARGUMENT = 32;
/** Handles of two files of one stream. */
const [OLD, NEW] = [1, 2];

describe('requests that queue threads hand over', () => {
  let folder: string;
  let fds: number[];
  let clock: ChunkClock;
  let slots: RequestSlots;
  let streams: StreamTable;
  let inbox: SlotMailbox;
  let toQueue: SlotMailbox;
  let handed: HandedRequests;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    mkdirSync(join(folder, 'mirror'));
    clock = new ChunkClock(join(folder, 'clock'), 0n);
    fds = [openSync(join(folder, 'mirror'), 'r'), openSync('/dev/null', 'r+'), eventfd(0, EVENTFD_FLAGS)];
    const [mirrorFd = -1, deviceFd = -1, wakeFd = -1] = fds;
    slots = RequestSlots.create(1);
    inbox = SlotMailbox.create(slots.count + 1, wakeFd);
    toQueue = SlotMailbox.create(slots.count + 1, wakeFd);
    const descriptors = new OpenDescriptors();
    const streamSlots = new StreamSlots();
    const memory: SharedMemory = {
      slots: slots.place,
      descriptors: descriptors.region.place,
      streams: streamSlots.region.place,
      lastWriters: undefined,
      credit: plentyOfCredit().region.place,
      activity: new SharedArrayBuffer(128),
      turns: new MemoryRegion(turnsSize(1)).place,
      toOwner: inbox.place,
      toQueues: [toQueue.place],
    };
    const patterns = new PatternSet(parseTrackList('**').rules, () => undefined);
    const store = new ChunkStore(
      { logs: join(folder, 'logs'), gid: undefined, chunkSize: 1000 },
      clock,
      unlimitedRoom(join(folder, 'logs')),
    );
    const options = { mountpoint: '/var/log', sealMilliseconds: 0, skippedWriters: new SkippedWriters([]) };
    streams = new StreamTable(patterns, store, new Losses(), options, streamSlots);
    for (const handle of [OLD, NEW]) streams.attach(handle, { paths: ['/a.log'], pid: 0 });
    const mirror = new Mirror(mirrorFd, new Caller(), 10, descriptors);
    const session = new Session(
      deviceFd,
      mirror,
      streams,
      { passthrough: false, nativeUntracked: false, uring: true, recoverable: false },
      {
        onNegotiated: () => undefined,
        onSlowWork: () => undefined,
        onDefect: (_opcode, error) => assert.fail(String(error)),
      },
    );
    const hot = new HotRequests(slots, descriptors, new HotCapture(streamSlots, 1000, undefined, plentyOfCredit()));
    handed = new HandedRequests(memory, session, streams, [], hot);
  });
  afterEach(() => {
    streams.endAll();
    clock.close();
    for (const fd of fds) closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });

  /** A write that the mirror has taken lies in a slot. @returns address of its bytes */
  function written(slot: number, handle: number, text: string): number {
    const { words } = slots;
    words[slots.header(slot) + ARGUMENT + WriteIn.fh / 4] = handle;
    slots.payloads.bytes.write(text, slots.payload(slot));
    return slots.payloads.address + slots.payload(slot);
  }

  /** Hands a write over of which nothing is captured. */
  function handOver(slot: number, handle: number, text: string): void {
    written(slot, handle, text);
    slots.leaveToCapture(slot, text.length, 0, -1);
    inbox.send(slot);
  }

  /** Hands a write over of which the disk took only some bytes, together with the stream's lock. */
  function handOverRest(slot: number, handle: number, text: string, captured: number): void {
    const address = written(slot, handle, text);
    const hot = new HotCapture(streams.slots, 1000, undefined, plentyOfCredit());
    assert.equal(hot.append(handle, address, captured, 1, 0, 0), captured);
    streams.slots.lock(streams.slots.ofHandle(handle));
    slots.leaveToCapture(slot, text.length, captured, streams.slots.ofHandle(handle));
    inbox.send(slot);
  }

  const captured = (): string =>
    readdirSync(join(folder, 'logs'))
      .sort()
      .map((name) => readFileSync(join(folder, 'logs', name), 'latin1'))
      .join('');

  test('wake the owner once, whatever has become of them until it is up', (t) => {
    const { readyFd } = handed;
    if (readyFd < 0) return t.skip('there is no io_uring');
    const one = Buffer.alloc(8);
    one.writeBigUInt64LE(1n);
    writeSync(readyFd, one);
    handed.awake(true);
    assert.throws(() => readSync(readyFd, one), { code: 'EAGAIN' });
  });

  test('are captured in the order of handing over, and answered', () => {
    handOver(3, OLD, 'one\n');
    handOver(0, NEW, 'two\n');
    assert.equal(handed.serveAll(), true);
    assert.equal(captured(), 'one\ntwo\n');
    assert.deepEqual([toQueue.take(), toQueue.take(), toQueue.take()], [3, 0, -1]);
    assert.equal(slots.payloads.words[slots.payload(3) / 4], 4, 'the answer is the number of bytes written');
    assert.equal(handed.serveAll(), false);
  });

  test('that come with a lock are captured behind their first part, whoever else was handed over before', () => {
    handOver(0, OLD, 'first\n');
    handed.serveAll();
    handOver(1, OLD, 'before\n');
    handOverRest(2, NEW, 'in two parts\n', 6);
    handOver(3, OLD, 'after\n');
    assert.equal(handed.serveAll(), true);
    assert.equal(captured(), 'first\nin two parts\nbefore\nafter\n');
    assert.deepEqual([1, 2, 3].map(() => toQueue.take()).sort(), [0, 1, 2]);
  });

  test('that come with a lock do not stop the sealing of idle chunks', () => {
    handOver(0, OLD, 'first\n');
    handed.serveAll();
    streams.housekeep(0);
    handOverRest(2, NEW, 'in two parts\n', 6);
    handOver(3, OLD, 'later\n');
    streams.slots.takeActive(streams.slots.ofHandle(NEW));
    streams.housekeep(1);
    assert.equal(captured(), 'first\nin two parts\n');
    assert.equal(handed.prepareToSleep(), false, 'there is still something to serve');
    assert.equal(handed.serveAll(), true);
    assert.equal(captured(), 'first\nin two parts\nlater\n');
    assert.equal(handed.prepareToSleep(), true);
  });
});
