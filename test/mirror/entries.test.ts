import assert from 'node:assert/strict';
import {
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MemoryRegion } from '../../src/libc/memory.js';
import type { Node } from '../../src/mirror/node.js';
import { nameOf, TemporaryMirror, umask } from './temporary-mirror.js';

const ENOENT = -2;
const EEXIST = -17;
const ENOTEMPTY = -39;
const RENAME_EXCHANGE = 2;

describe('entries', () => {
  let temporary: TemporaryMirror;
  beforeEach(() => {
    temporary = new TemporaryMirror();
  });
  afterEach(() => temporary.remove());

  const pathsOf = (node: Node): string[] => node.paths().sort();

  test('one inode is one node, by whatever name it is looked up', () => {
    writeFileSync(temporary.path('a'), '');
    linkSync(temporary.path('a'), temporary.path('b'));
    const node = temporary.lookup('a');
    assert.equal(temporary.lookup('b'), node);
    assert.deepEqual(pathsOf(node), ['/a', '/b']);
    assert.equal(node.lookups, 2);
  });

  test('a symlink is looked up itself, not what it points at', () => {
    mkdirSync(temporary.path('d'));
    symlinkSync('d', temporary.path('link'));
    assert.notEqual(temporary.lookup('link'), temporary.lookup('d'));
  });

  test('what is missing is ENOENT, and leaves no node', () => {
    const before = temporary.mirror.nodes.size;
    assert.equal(temporary.entries.lookup(temporary.root, nameOf('missing')), ENOENT);
    assert.equal(temporary.mirror.nodes.size, before);
  });

  test('a directory that was swapped for a symlink stays the directory that was looked up', () => {
    mkdirSync(temporary.path('d'));
    const directory = temporary.lookup('d');
    assert.equal(temporary.entries.rename(temporary.root, nameOf('d'), temporary.root, nameOf('was-d'), 0), 0);
    symlinkSync('/', temporary.path('d'));
    const made = temporary.entries.mkdir(directory, nameOf('made'), 0o700, umask);
    assert.notEqual(typeof made, 'number');
    assert.ok(existsSync(temporary.path('was-d/made')));
  });

  test("a new entry has the mode that is left by the caller's umask", () => {
    temporary.entries.mkdir(temporary.root, nameOf('d'), 0o777, 0o027);
    temporary.entries.mknod(temporary.root, nameOf('f'), constants.S_IFREG | 0o666, 0, 0o077);
    assert.equal(statSync(temporary.path('d')).mode & 0o7777, 0o750);
    assert.equal(statSync(temporary.path('f')).mode & 0o7777, 0o600);
  });

  test('a name that is there can not be made again', () => {
    mkdirSync(temporary.path('d'));
    assert.equal(temporary.entries.mkdir(temporary.root, nameOf('d'), 0o700, umask), EEXIST);
  });

  test('a symlink holds the text that it was given', () => {
    const target = new MemoryRegion(4096).putString(0, '../no/such/file');
    temporary.entries.symlink(temporary.root, nameOf('link'), target);
    assert.equal(readlinkSync(temporary.path('link')), '../no/such/file');
    const region = new MemoryRegion(4096);
    const length = temporary.entries.readlink(temporary.lookup('link'), region, 8, 4000);
    assert.equal(region.bytes.toString('latin1', 8, 8 + length), '../no/such/file');
  });

  test('a rename moves the path of the node and of all below it', () => {
    mkdirSync(temporary.path('d/e'), { recursive: true });
    const directory = temporary.lookup('d');
    const below = temporary.lookup('e', directory);
    assert.equal(temporary.entries.rename(temporary.root, nameOf('d'), temporary.root, nameOf('new'), 0), 0);
    assert.deepEqual(pathsOf(below), ['/new/e']);
  });

  test('a rename over a file takes the path from that', () => {
    for (const name of ['a', 'b']) writeFileSync(temporary.path(name), name);
    const [moved, replaced] = [temporary.lookup('a'), temporary.lookup('b')];
    assert.equal(temporary.entries.rename(temporary.root, nameOf('a'), temporary.root, nameOf('b'), 0), 0);
    assert.deepEqual([pathsOf(moved), pathsOf(replaced)], [['/b'], []]);
  });

  test('an exchange swaps two paths', () => {
    for (const name of ['a', 'b']) writeFileSync(temporary.path(name), name);
    const [one, other] = [temporary.lookup('a'), temporary.lookup('b')];
    const flags = RENAME_EXCHANGE;
    assert.equal(temporary.entries.rename(temporary.root, nameOf('a'), temporary.root, nameOf('b'), flags), 0);
    assert.deepEqual([pathsOf(one), pathsOf(other)], [['/b'], ['/a']]);
  });

  test('an unlinked file has no path, and its node can still be used', () => {
    writeFileSync(temporary.path('a'), '');
    const node = temporary.lookup('a');
    assert.equal(temporary.entries.unlink(temporary.root, nameOf('a')), 0);
    assert.deepEqual(pathsOf(node), []);
    assert.ok(temporary.mirror.nodes.fdOf(node) >= 0);
  });

  test('a directory that is not empty stays', () => {
    mkdirSync(temporary.path('d/e'), { recursive: true });
    assert.equal(temporary.entries.rmdir(temporary.root, nameOf('d')), ENOTEMPTY);
    assert.ok(existsSync(temporary.path('d')));
  });
});
