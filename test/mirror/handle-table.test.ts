import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HandleTable, type OpenFile } from '../../src/mirror/handle-table.js';
import { Node } from '../../src/mirror/node.js';
import { HandleFlag } from '../../src/mirror/open-descriptors.js';

const EBADF = -9;
const node = (): Node => new Node(7, 7, undefined, true);
const fileOf = (of: Node, writable = false): OpenFile => ({ node: of, paths: [], pid: 1, writable });

describe('the table of open handles', () => {
  test('gives the descriptor and the flags of a handle', () => {
    const table = new HandleTable();
    const handle = table.add(42, HandleFlag.append, fileOf(node()));
    assert.equal(table.fd(handle), 42);
    assert.equal(table.flags(handle), HandleFlag.append);
  });

  for (const handle of [-1, 0, 1, 255, 256, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, 0.5]) {
    test(`${handle}, which was never given, is a bad descriptor`, () => {
      const table = new HandleTable();
      assert.equal(table.fd(handle), EBADF);
      assert.equal(table.file(handle), undefined);
      assert.equal(table.remove(handle), undefined);
    });
  }

  test('is full when every number is given out, until one comes back', () => {
    const table = new HandleTable(undefined, undefined, 2);
    const first = table.add(42, 0, fileOf(node()));
    assert.ok(!table.isFull);
    table.add(43, 0, fileOf(node()));
    assert.ok(table.isFull);
    table.remove(first);
    assert.ok(!table.isFull);
    assert.equal(table.add(44, 0, fileOf(node())), first);
  });

  test('pins the node of an open file', () => {
    const table = new HandleTable();
    const opened = node();
    const handles = [table.add(3, 0, fileOf(opened)), table.add(4, 0, fileOf(opened))];
    assert.equal(opened.pins, 2);
    for (const handle of handles) table.remove(handle);
    assert.equal(opened.pins, 0);
  });

  test('forgets a handle at once, and does not release it twice', () => {
    const table = new HandleTable();
    const opened = node();
    const handle = table.add(3, 0, fileOf(opened));
    assert.equal(table.remove(handle)?.node, opened);
    assert.equal(table.remove(handle), undefined);
    assert.equal(table.fd(handle), EBADF);
    assert.equal(opened.pins, 0);
  });

  test('knows of set-id bits for all handles that write to the node, until each has taken them away', () => {
    const table = new HandleTable();
    const opened = node();
    const [one, two] = [3, 4].map((fd) => table.add(fd, HandleFlag.append, fileOf(opened, true)));
    const other = table.add(5, 0, fileOf(node(), true));
    opened.mayHaveSetId = false;
    table.addSetId(opened);
    assert.equal(opened.mayHaveSetId, true);
    table.dropSetId(two ?? -1);
    assert.deepEqual(
      [one, two, other].map((handle) => table.flags(handle ?? -1)),
      [HandleFlag.append | HandleFlag.setId, HandleFlag.append, 0],
    );
  });

  test('uses numbers again, and stays small', () => {
    const table = new HandleTable();
    for (let i = 0; i < 1000; i++) {
      const handle = table.add(i, 0, fileOf(node()));
      assert.equal(handle, 0);
      table.remove(handle);
    }
  });

  test('grows beyond its first capacity', () => {
    const table = new HandleTable();
    const handles = Array.from({ length: 1000 }, (_, i) => table.add(i, i % 2, fileOf(node())));
    for (const [i, handle] of handles.entries()) assert.deepEqual([table.fd(handle), table.flags(handle)], [i, i % 2]);
  });

  test('lists what is open for writing', () => {
    const table = new HandleTable();
    table.add(3, 0, fileOf(node()));
    const handle = table.add(4, 0, fileOf(node(), true));
    assert.deepEqual(
      [...table.writable()].map(([number]) => number),
      [handle],
    );
  });
});
