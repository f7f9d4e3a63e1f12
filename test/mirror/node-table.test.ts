import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { FileStatus } from '../../src/libc/file-status.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { Caller } from '../../src/mirror/caller.js';
import { EntryName } from '../../src/mirror/entry-name.js';
import { Mirror } from '../../src/mirror/mirror.js';
import type { Node } from '../../src/mirror/node.js';
import { NodeRecords } from '../../src/mirror/node-records.js';
import { NodeTable } from '../../src/mirror/node-table.js';
import { TextPool } from '../../src/recovery/text-pool.js';

const MAX_DESCRIPTORS = 400;

describe('the node table', () => {
  let folder: string;
  let mirror: Mirror;
  const region = new MemoryRegion(4096);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    mirror = new Mirror(openSync(folder, 'r'), new Caller(), MAX_DESCRIPTORS);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const lookup = (parent: Node, text: string): Node => {
    region.putString(0, text);
    const name = new EntryName(region);
    name.locate(region, 0, 4096);
    const node = mirror.resolveEntry(parent, name);
    assert.ok(typeof node !== 'number', `lookup of ${text}: ${node}`);
    return node;
  };
  const add = (name: string): Node => {
    writeFileSync(join(folder, name), name);
    return lookup(mirror.nodes.root, name);
  };

  test('gives one node to one inode, through all its hard links', () => {
    const node = add('a');
    linkSync(join(folder, 'a'), join(folder, 'b'));
    assert.equal(lookup(mirror.nodes.root, 'b'), node);
    assert.deepEqual(node.paths(), ['/a', '/b']);
    assert.equal(node.lookups, 2);
  });

  test('never gives a node id twice', () => {
    const first = add('a');
    mirror.nodes.forget(first.id, 1);
    assert.equal(mirror.nodes.get(first.id), undefined);
    assert.notEqual(lookup(mirror.nodes.root, 'a').id, first.id);
  });

  test('keeps a node until every lookup is forgotten', () => {
    const node = add('a');
    lookup(mirror.nodes.root, 'a');
    mirror.nodes.forget(node.id, 1);
    assert.equal(mirror.nodes.get(node.id), node);
    mirror.nodes.forget(node.id, 1);
    assert.equal(mirror.nodes.get(node.id), undefined);
  });

  test('keeps a forgotten directory while a child needs its path', () => {
    mkdirSync(join(folder, 'd'));
    const directory = lookup(mirror.nodes.root, 'd');
    writeFileSync(join(folder, 'd/x'), '');
    const child = lookup(directory, 'x');
    mirror.nodes.forget(directory.id, 1);
    assert.deepEqual(child.paths(), ['/d/x']);
    mirror.nodes.forget(child.id, 1);
    assert.equal(mirror.nodes.size, 1, 'only the root is left');
  });

  test('bounds its descriptors, and reopens what it closed', () => {
    const before = readdirSync('/proc/self/fd').length;
    const nodes = Array.from({ length: 5 * MAX_DESCRIPTORS }, (_, i) => add(`file-${i}`));
    for (let i = 0; i < nodes.length; i++) mirror.nodes.trim(0);
    assert.ok(readdirSync('/proc/self/fd').length <= before + MAX_DESCRIPTORS);
    for (const node of nodes) {
      const fd = mirror.nodes.fdOf(node);
      assert.ok(fd >= 0);
      assert.equal(mirror.status.readFd(fd), 0);
      assert.equal(mirror.status.inodeKey, node.inodeKey);
      mirror.nodes.trim(0);
    }
  });

  test('finds an evicted node after its file was renamed', () => {
    const node = add('a');
    for (let i = 0; i < 3 * MAX_DESCRIPTORS; i++) {
      add(`file-${i}`);
      mirror.nodes.trim(0);
    }
    assert.equal(node.fd, -1, 'it was evicted');
    renameSync(join(folder, 'a'), join(folder, 'b'));
    assert.ok(mirror.nodes.fdOf(node) >= 0);
    assert.equal(lookup(mirror.nodes.root, 'b'), node);
  });

  test('takes a new file for a new node although it got the inode number of a deleted one', () => {
    const node = add('a');
    for (let i = 0; i < 3 * MAX_DESCRIPTORS; i++) {
      add(`file-${i}`);
      mirror.nodes.trim(0);
    }
    rmSync(join(folder, 'a'));
    for (let i = 0; i < 50; i++) {
      const other = add(`new-${i}`);
      assert.notEqual(other, node);
      mirror.nodes.trim(0);
    }
    assert.equal(mirror.nodes.fdOf(node), -116, 'the old one is stale');
  });
});

test('a removed node that an operation still holds leaves the record of the next one alone', () => {
  const records = new NodeRecords(new TextPool(new MemoryRegion(64 * 100)), new MemoryRegion(128 * 4));
  const folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
  const status = new FileStatus();
  try {
    status.readFd(openSync(folder, 'r'));
    const nodes = new NodeTable(openSync(folder, 'r'), status, MAX_DESCRIPTORS, records);
    const nodeOf = (name: string): Node => {
      writeFileSync(join(folder, name), '');
      const fd = openSync(join(folder, name), 'r');
      status.readFd(fd);
      const node = nodes.adopt(fd, status);
      node.addLink(nodes.root, name);
      return node;
    };
    const removed = nodeOf('a'.repeat(250));
    nodes.releaseIfUnused(removed);
    const added = nodeOf('b'.repeat(250));
    removed.addLink(nodes.root, 'c'.repeat(250));
    removed.removeLink(nodes.root, 'c'.repeat(250));
    const found = records.used().map(({ id, link }) => [id, link?.name]);
    assert.deepEqual(found, [[added.id, 'b'.repeat(250)]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('of two restored nodes of one inode the newer is the one that it belongs to', () => {
  const records = new NodeRecords(new TextPool(new MemoryRegion(64 * 100)), new MemoryRegion(128 * 4));
  const folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
  try {
    const fd = openSync(folder, 'r');
    const status = new FileStatus();
    status.readFd(fd);
    const nodes = new NodeTable(fd, status, MAX_DESCRIPTORS, records);
    writeFileSync(join(folder, 'file'), '');
    status.readFd(openSync(join(folder, 'file'), 'r'));
    // A FORGET that died with a server leaves a node whose inode another file gets; records are used again in any order.
    for (const id of [9, 5]) records.add(id, status.inode, undefined, true);
    nodes.restore(() => -1);
    assert.equal(nodes.find(status)?.id, 9);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
