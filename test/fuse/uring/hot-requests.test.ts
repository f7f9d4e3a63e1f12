import assert from 'node:assert/strict';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { HotCapture } from '../../../src/capture/hot-capture.js';
import { StreamSlots } from '../../../src/capture/stream-slots.js';
import {
  Attr,
  AttrOut,
  GETATTR_HANDLE,
  GetattrIn,
  InHeader,
  ReadIn,
  WriteFlag,
  WriteIn,
} from '../../../src/fuse/layout.js';
import { Opcode } from '../../../src/fuse/opcode.js';
import { HAND_OVER, HotRequests } from '../../../src/fuse/uring/hot-requests.js';
import { RequestSlots, Task } from '../../../src/fuse/uring/request-slots.js';
import { Errno } from '../../../src/libc/errno.js';
import { HandleFlag, OpenDescriptors } from '../../../src/mirror/open-descriptors.js';
import { plentyOfCredit } from '../../harness/cache-room.js';

const SLOT = 3;
const HANDLE = 5;
/** Word indices into a slot's header: the first argument, and the size of the payload. */
const Word = { argument: 32, payloadSize: 68 } as const;
const CHUNK_SIZE = 100;

describe('requests that a queue thread serves', () => {
  let folder: string;
  let path: string;
  let fds: number[];
  let slots: RequestSlots;
  let descriptors: OpenDescriptors;
  let streams: StreamSlots;
  let hot: HotRequests;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    path = join(folder, 'app.log');
    writeFileSync(path, 'before\n');
    slots = RequestSlots.create(1);
    descriptors = new OpenDescriptors();
    streams = new StreamSlots();
    hot = new HotRequests(slots, descriptors, new HotCapture(streams, CHUNK_SIZE, undefined, plentyOfCredit()));
    fds = [];
  });
  afterEach(() => {
    for (const fd of fds) closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });

  function open(name: string, flags: number): number {
    const fd = openSync(join(folder, name), flags, 0o600);
    fds.push(fd);
    return fd;
  }
  function openHandle(openFlags: number, handleFlags = 0): void {
    descriptors.set(HANDLE, open('app.log', openFlags), handleFlags);
  }
  /** Tracks the handle. @returns its stream's slot */
  function track(): number {
    const slot = streams.take('/var/log/f');
    streams.link(HANDLE, slot);
    streams.beginChunk(slot, open('chunk', constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY), 0n);
    return slot;
  }

  /** Puts a request into the slot and serves it. @param fields - words of its first argument, by byte offset */
  function serve(opcode: number, fields: Readonly<Record<number, number>>, data = ''): number {
    const { words } = slots;
    const start = slots.header(SLOT);
    words.fill(0, start, start + Word.payloadSize + 1);
    words[start + InHeader.opcode / 4] = opcode;
    for (const [offset, value] of Object.entries(fields)) words[start + Word.argument + Number(offset) / 4] = value;
    words[start + Word.payloadSize] = slots.payloads.bytes.write(data, slots.payload(SLOT));
    return hot.serve(SLOT);
  }
  const write = (data: string, fields: Readonly<Record<number, number>> = {}): number =>
    serve(Opcode.WRITE, { [WriteIn.fh]: HANDLE, [WriteIn.size]: data.length, ...fields }, data);
  const answer = (): number => slots.payloads.words[slots.payload(SLOT) / 4] ?? 0;
  const contents = (name = 'app.log'): string => readFileSync(join(folder, name), 'latin1');

  test('a write goes where it is meant to, and is answered with its length', () => {
    openHandle(constants.O_RDWR);
    assert.equal(write('AB', { [WriteIn.offset]: 2 }), 8);
    assert.equal(answer(), 2);
    assert.equal(contents(), 'beABre\n');
  });

  test('a write to a tracked file goes to its chunk as well', () => {
    openHandle(constants.O_WRONLY | constants.O_APPEND, HandleFlag.append);
    track();
    assert.equal(write('a line\n', { [WriteIn.flags]: constants.O_APPEND }), 8);
    assert.deepEqual([contents(), contents('chunk'), answer()], ['before\na line\n', 'a line\n', 7]);
  });

  test('a write that ends a chunk is handed over with what is left to capture, and not written again', () => {
    openHandle(constants.O_WRONLY | constants.O_APPEND, HandleFlag.append);
    const slot = track();
    const long = `${'x'.repeat(CHUNK_SIZE)}\n`;
    assert.equal(write(long, { [WriteIn.flags]: constants.O_APPEND }), HAND_OVER);
    assert.deepEqual([slots.task(SLOT), slots.written(SLOT), slots.captured(SLOT)], [Task.capture, long.length, 0]);
    assert.equal(slots.lockedStream(SLOT), -1);
    assert.equal(streams.tryLock(slot), true);
    assert.deepEqual([contents(), contents('chunk')], [`before\n${long}`, '']);
  });

  test('a write that fails is answered with its errno', () => {
    openHandle(constants.O_RDONLY);
    assert.equal(write('AB'), -Errno.EBADF);
  });

  for (const [what, fields, handleFlags] of [
    ['a page of a mapping', { [WriteIn.writeFlags]: WriteFlag.cache }, 0],
    ['one that must be on disk', { [WriteIn.flags]: constants.O_DSYNC }, 0],
    ['one that may take set-id bits away', { [WriteIn.writeFlags]: WriteFlag.killSuidgid }, HandleFlag.setId],
    ['one through a descriptor that appends no more', {}, HandleFlag.append],
  ] as const) {
    test(`a write is the owner's to make, untouched: ${what}`, () => {
      openHandle(constants.O_RDWR, handleFlags);
      assert.equal(write('AB', fields), HAND_OVER);
      assert.equal(slots.task(SLOT), Task.serve);
      assert.equal(contents(), 'before\n');
    });
  }

  test('a write by somebody unprivileged is served here where there are no set-id bits to lose', () => {
    openHandle(constants.O_RDWR);
    assert.equal(write('AB', { [WriteIn.writeFlags]: WriteFlag.killSuidgid }), 8);
    assert.equal(contents(), 'ABfore\n');
  });

  test('a write that says it is longer than what came is left alone', () => {
    openHandle(constants.O_RDWR);
    assert.equal(write('AB', { [WriteIn.size]: 3 }), HAND_OVER);
    assert.equal(contents(), 'before\n');
  });

  test('a read is answered with what is there', () => {
    openHandle(constants.O_RDONLY);
    assert.equal(serve(Opcode.READ, { [ReadIn.fh]: HANDLE, [ReadIn.offset]: 2, [ReadIn.size]: 100 }), 5);
    const start = slots.payload(SLOT);
    assert.equal(slots.payloads.bytes.toString('latin1', start, start + 5), 'fore\n');
    assert.equal(serve(Opcode.READ, { [ReadIn.fh]: HANDLE, [ReadIn.offset]: 7, [ReadIn.size]: 100 }), 0);
  });

  test('attributes of an open file are answered, others are not known here', () => {
    openHandle(constants.O_RDONLY);
    const asked = { [GetattrIn.flags]: GETATTR_HANDLE, [GetattrIn.fh]: HANDLE };
    assert.equal(serve(Opcode.GETATTR, asked), AttrOut.length);
    assert.equal(slots.payloads.words[(slots.payload(SLOT) + AttrOut.attr + Attr.size) / 4], 7);
    assert.equal(serve(Opcode.GETATTR, { ...asked, [GetattrIn.flags]: 0 }), HAND_OVER);
  });

  test("what names a handle that is not open is the owner's to answer", () => {
    assert.equal(write('AB'), HAND_OVER);
    assert.equal(serve(Opcode.READ, { [ReadIn.fh]: HANDLE, [ReadIn.size]: 1 }), HAND_OVER);
    assert.equal(serve(Opcode.GETATTR, { [GetattrIn.flags]: GETATTR_HANDLE, [GetattrIn.fh]: HANDLE }), HAND_OVER);
  });

  test('all other requests are handed over', () => {
    for (const opcode of [Opcode.LOOKUP, Opcode.FSYNC, Opcode.FLUSH, Opcode.RELEASE, Opcode.SETATTR, 4095]) {
      assert.equal(serve(opcode, {}), HAND_OVER);
      assert.equal(slots.task(SLOT), Task.serve);
    }
  });
});
