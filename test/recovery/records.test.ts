/** Records that the next server reads: nodes, handles, texts, and the request in progress. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamSlots } from '../../src/capture/stream-slots.js';
import { Opcode } from '../../src/fuse/opcode.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { HandleRecords } from '../../src/mirror/handle-records.js';
import { Node } from '../../src/mirror/node.js';
import { NodeRecords } from '../../src/mirror/node-records.js';
import { CountedNodes } from '../../src/recovery/counted-nodes.js';
import { IDLE_BACKINGS_SIZE, IdleBackings } from '../../src/recovery/idle-backings.js';
import { Intents } from '../../src/recovery/intents.js';
import { TextPool } from '../../src/recovery/text-pool.js';

const inode = { inoLow: 5, inoHigh: 1, deviceMajor: 8, deviceMinor: 3 };
const RESENT = 0x80000000;

describe('texts', () => {
  test('of any length come back, also to the next server', () => {
    const region = new MemoryRegion(64 * 200);
    const pool = new TextPool(region);
    const texts = ['', 'a', 'x'.repeat(56), 'y'.repeat(57), `${'é'.repeat(300)}z`];
    const heads = texts.map((text) => pool.put(text));
    const next = new TextPool(region);
    next.restore(heads);
    assert.deepEqual(
      heads.map((head) => next.get(head)),
      texts,
    );
  });

  test('that are dropped, or named by nobody, make room', () => {
    const region = new MemoryRegion(64 * 4);
    const pool = new TextPool(region);
    const heads = [pool.put('a'), pool.put('b'), pool.put('c')];
    assert.equal(pool.put('d'), 0);
    pool.drop(heads[1] ?? 0);
    pool.put('d');
    const next = new TextPool(region);
    next.restore([heads[0] ?? 0]);
    next.put('e');
    next.put('f');
    assert.equal(next.get(heads[0] ?? 0), 'a');
    assert.equal(next.put('g'), 0);
  });
});

describe('node records', () => {
  const names = ['short', 'n'.repeat(255), ''];
  for (const handleLength of [0, 16, 136]) {
    test(`with a file handle of ${handleLength} bytes come back with their names`, () => {
      const region = new MemoryRegion(128 * 16);
      const texts = new TextPool(new MemoryRegion(64 * 100));
      const records = new NodeRecords(texts, region);
      const handle = handleLength === 0 ? undefined : Buffer.alloc(handleLength, 7);
      const indexes = names.map((name, at) => {
        const index = records.add(2 ** 40 + at, inode, handle, at === 0);
        if (name !== '') records.setLink(index, { parent: 2 ** 33, name });
        records.setLookups(index, 3 + at);
        return index;
      });
      const next = new NodeRecords(texts, region);
      const found = next.used();
      assert.deepEqual(
        found.map(({ id }) => id),
        names.map((_, at) => 2 ** 40 + at),
      );
      assert.deepEqual(
        found.map(({ link }) => link?.name),
        ['short', 'n'.repeat(255), undefined],
      );
      assert.deepEqual(
        found.map(({ link }) => link?.parent),
        [2 ** 33, 2 ** 33, undefined],
      );
      assert.deepEqual(
        found.map(({ isRegular }) => isRegular),
        [true, false, false],
      );
      for (const record of found) assert.deepEqual(record.handle, handle);
      assert.deepEqual(
        indexes.map((index) => next.lookups(index)),
        [3, 4, 5],
      );
      next.remove(indexes[1] ?? 0);
      assert.equal(next.add(1, inode, undefined, true), indexes[1], 'a free record is used again');
    });
  }

  test('give out no node id twice', () => {
    const region = new MemoryRegion(128 * 16);
    const texts = new TextPool(new MemoryRegion(64));
    assert.equal(new NodeRecords(texts, region).nextId(2), 2);
    assert.equal(new NodeRecords(texts, region).nextId(2), 3);
  });
});

test('nodes without room for a record are counted, and unknown to the next server', () => {
  const region = new MemoryRegion(128 * 2);
  const records = new NodeRecords(new TextPool(new MemoryRegion(64)), region);
  const nodes = [5, 6, 7].map(
    (id) => new Node(id, id, undefined, true, records, records.add(id, inode, undefined, true)),
  );
  for (const [index, node] of nodes.entries()) node.lookups = index + 1;
  assert.deepEqual(
    nodes.map(({ lookups }) => lookups),
    [1, 2, 3],
  );
  const next = new NodeRecords(new TextPool(new MemoryRegion(64)), region);
  assert.deepEqual(
    next.used().map(({ id }) => id),
    [5],
  );
});

test('three million nodes that come and go use one record at a time', { timeout: 60_000 }, () => {
  const records = new NodeRecords(new TextPool(new MemoryRegion(64)), new MemoryRegion(128 * 4));
  for (let id = 2; id < 3_000_000; id++) {
    const record = records.add(id, inode, undefined, true);
    if (record !== 1) assert.fail(`node ${id} got record ${record}`);
    records.setLookups(record, 1);
    records.remove(record);
  }
});

test('a name without room in the pool is left out, and nothing else', () => {
  const region = new MemoryRegion(128 * 4);
  const records = new NodeRecords(new TextPool(new MemoryRegion(64)), region);
  records.setLink(records.add(5, inode, undefined, true), { parent: 1, name: 'x'.repeat(200) });
  const [found] = new NodeRecords(new TextPool(new MemoryRegion(64)), region).used();
  assert.equal(found?.id, 5);
  assert.equal(found?.link, undefined);
});

test('backing files that nobody uses are found by the next server, each once', () => {
  const region = new MemoryRegion(IDLE_BACKINGS_SIZE);
  const backings = new IdleBackings(region);
  const places = [7, 8, 9].map((id) => backings.add(id));
  backings.remove(places[1] ?? -1);
  const next = new IdleBackings(region);
  assert.deepEqual(next.takeAll(), [7, 9]);
  assert.deepEqual(next.takeAll(), []);
  while (next.add(1) >= 0);
  assert.equal(new IdleBackings(region).takeAll().length, IDLE_BACKINGS_SIZE / 4);
});

test('handle records come back with paths, flags and backing file', () => {
  const region = new MemoryRegion(64 * 16);
  const texts = new TextPool(new MemoryRegion(64 * 100));
  const records = new HandleRecords(texts, region);
  const open = { nodeId: 2 ** 35, openFlags: 0o2001, isDirectory: false, writable: true, pid: 9, paths: ['/a', '/b'] };
  records.set(3, open);
  records.setBacking(3, 11);
  records.setSkipped(3, true);
  const next = new HandleRecords(texts, region);
  assert.equal(next.count, 4);
  assert.deepEqual(next.read(3), open);
  assert.deepEqual([next.backing(3), next.skipped(3), next.read(0)], [11, true, undefined]);
  next.clear(3);
  assert.equal(next.read(3), undefined);
});

test('streams come back with their paths and without locks', () => {
  const texts = new TextPool();
  const slots = new StreamSlots(undefined, texts);
  const [a, b] = [slots.take('/var/log/a'), slots.take('/var/log/b')];
  slots.lock(b);
  slots.beginChunk(b, 9, 17_000_000_000_000_001n);
  slots.give(a);
  const next = new StreamSlots(slots.region, texts);
  assert.equal(next.ticks(b), 17_000_000_000_000_001n);
  assert.deepEqual(next.restore(), [{ slot: b, path: '/var/log/b' }]);
  assert.ok(next.tryLock(b));
  assert.equal(next.chunkFd(b), -1);
  assert.equal(next.take('/var/log/c'), a);
});

describe('the request in progress', () => {
  /** The intents of a server that dies, and those of the next. */
  function dying(act: (intents: Intents) => void, openHandles: readonly number[] = []): Intents {
    const intents = new Intents();
    act(intents);
    const next = new Intents(intents.region);
    next.restore(
      () => 1,
      (handle) => openHandles.includes(handle),
    );
    return next;
  }

  test('is known again when it is resent, another is not', () => {
    const next = dying((intents) => {
      intents.begin(8, 0, Opcode.WRITE);
      intents.written = 5;
    });
    next.begin(10, RESENT, Opcode.WRITE);
    assert.equal(next.isRedo, false);
    assert.equal(next.written, -1);
    next.begin(8, RESENT, Opcode.WRITE);
    assert.deepEqual([next.isRedo, next.written], [true, 5]);
    next.begin(12, 0, Opcode.WRITE);
    assert.deepEqual([next.isRedo, next.written], [false, -1]);
  });

  test('knows a handle that was about to be made only if it was: its number may be given out before', () => {
    const make = (intents: Intents): void => {
      intents.begin(8, 0, Opcode.CREATE);
      intents.handle = 5;
    };
    for (const [open, handle] of [
      [[5], 5],
      [[], -1],
    ] as const) {
      const next = dying(make, open);
      next.begin(10, 0, Opcode.OPEN);
      next.handle = 5;
      next.begin(8, RESENT, Opcode.CREATE);
      assert.deepEqual([next.isRedo, next.handle], [true, handle]);
    }
  });

  test('keeps its notes through many deaths in other requests', () => {
    let intents = dying((first) => {
      first.begin(8, 0, Opcode.WRITE);
      first.written = 5;
    });
    for (let death = 0; death < 40; death++) {
      intents.begin(100 + death, 0, Opcode.UNLINK);
      intents = new Intents(intents.region);
      intents.restore(
        () => 1,
        () => false,
      );
    }
    intents.begin(8, RESENT, Opcode.WRITE);
    assert.deepEqual([intents.isRedo, intents.written], [true, 5]);
  });

  test('knows how much of a write is captured, by the size of the chunk', () => {
    const intents = new Intents();
    intents.begin(8, 0, Opcode.WRITE);
    intents.beginPiece(3, 100);
    intents.endPiece(20);
    intents.beginPiece(3, 120);
    const next = new Intents(intents.region);
    const [piece, ...others] = next.openPieces();
    assert.deepEqual([piece?.slot, piece?.base, others.length], [3, 120, 0]);
    piece?.settle(7);
    assert.equal(next.captured, 27);
    assert.deepEqual(next.openPieces(), []);
  });

  test('a write that is captured in the middle of another request has notes of its own, however deep', () => {
    const next = dying((intents) => {
      intents.begin(8, 0, Opcode.WRITE);
      intents.written = 5;
      intents.beginAside(20, 0, 30, 10);
      intents.beginPiece(3, 0);
      intents.endPiece(4);
      intents.beginAside(22, 0, 40, 0);
      intents.beginPiece(4, 0);
      intents.endPiece(7);
      intents.endAside();
    });
    const found = [20, 8, 22].map((unique) => {
      next.begin(unique, RESENT, Opcode.WRITE);
      return [next.isRedo, next.isRedo ? next.written : -1, next.captured];
    });
    assert.deepEqual(found, [
      [true, 30, 14],
      [true, 5, 0],
      [false, -1, 0],
    ]);
  });

  test('takes over what a queue thread has done, unless the owner has done more', () => {
    const next = dying((intents) => {
      intents.begin(8, 0, Opcode.WRITE);
      intents.written = 5;
    });
    next.inherit({ uniqueLow: 8, uniqueHigh: 0, written: -1, captured: 0 });
    next.inherit({ uniqueLow: 10, uniqueHigh: 0, written: 6, captured: 2 });
    const found = [10, 8].map((unique) => {
      next.begin(unique, RESENT, Opcode.WRITE);
      return [next.isRedo, next.written, next.captured];
    });
    assert.deepEqual(found, [
      [true, 6, 2],
      [true, 5, 0],
    ]);
  });

  test('a chunk that is gone counts with what was noted', () => {
    const intents = new Intents();
    intents.begin(8, 0, Opcode.WRITE);
    intents.beginPiece(3, 0);
    intents.endPiece(20);
    intents.beginPiece(3, 20);
    intents.openPieces()[0]?.settle(undefined);
    assert.equal(intents.captured, 20);
  });

  test('a release is done once the handle is gone, whoever has it by then', () => {
    const release = (intents: Intents): void => {
      intents.begin(8, 0, Opcode.RELEASE);
      intents.handle = 4;
    };
    const done = dying(release);
    done.begin(8, RESENT, Opcode.RELEASE);
    assert.equal(done.isDone, true);
    const open = dying(release, [4]);
    open.begin(8, RESENT, Opcode.RELEASE);
    assert.equal(open.isDone, false);
  });

  test('nodes that were counted are told once, of one entry or many', () => {
    const node = (id: number): Node => new Node(id, id, undefined, true);
    const one = dying((intents) => {
      intents.begin(8, 0, Opcode.LOOKUP);
      intents.count(node(2 ** 34), false);
    });
    one.begin(8, RESENT, Opcode.LOOKUP);
    assert.deepEqual([one.takeCounted(), one.takeCounted()], [[2 ** 34], []]);
    const many = dying((intents) => {
      intents.begin(8, 0, Opcode.READDIRPLUS);
      for (const id of [5, 6, 7]) intents.count(node(id), true);
    });
    many.begin(8, RESENT, Opcode.READDIRPLUS);
    assert.deepEqual(many.takeCounted().sort(), [5, 6, 7]);
  });

  const countMany = (intents: Intents, unique: number, ids: readonly number[]): void => {
    intents.begin(unique, 0, Opcode.READDIRPLUS);
    for (const id of ids) intents.count(new Node(id, id, undefined, true), true);
  };

  test('nodes that were counted are told although another request counts others before', () => {
    const next = dying((intents) => countMany(intents, 8, [5, 6, 7]));
    countMany(next, 10, [20, 21]);
    next.begin(8, RESENT, Opcode.READDIRPLUS);
    assert.deepEqual(next.takeCounted().sort(), [5, 6, 7]);
  });

  test('no node is told twice, wherever the server died', (t) => {
    const { add } = CountedNodes.prototype;
    const next = dying((intents) => {
      countMany(intents, 8, [5, 6]);
      t.mock.method(CountedNodes.prototype, 'add', function (this: CountedNodes, ...args: Parameters<typeof add>) {
        add.apply(this, args);
        throw new Error('the server dies');
      });
      assert.throws(() => intents.count(new Node(7, 7, undefined, true), true), /the server dies/);
    });
    next.begin(8, RESENT, Opcode.READDIRPLUS);
    assert.deepEqual(next.takeCounted().sort(), [5, 6]);
  });

  test('a synchronous write that waited for the disk is known', () => {
    const next = dying((intents) => {
      intents.begin(8, 0, Opcode.WRITE);
      intents.handOver(12);
      intents.begin(10, 0, Opcode.FSYNC);
      intents.handOver(undefined);
      intents.begin(12, 0, Opcode.LOOKUP);
    });
    assert.deepEqual(
      [next.writtenBefore(8, RESENT), next.writtenBefore(8, 0), next.writtenBefore(10, RESENT)],
      [12, -1, -1],
    );
  });
});
