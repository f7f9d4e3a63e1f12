import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NativePath } from '../../../src/fuse/fuse-native/native-path.js';
import { Errno } from '../../../src/libc/errno.js';
import { MemoryRegion } from '../../../src/libc/memory.js';

const memory = new MemoryRegion(2 * 1024 * 1024);

function read(text: string): NativePath {
  const path = new NativePath();
  assert.equal(path.read(memory.putString(0, text)), 0);
  return path;
}

function names(path: NativePath): string[] {
  return Array.from({ length: path.depth }, (_, index) => {
    assert.equal(path.pointAt(index), 0);
    return path.name.text;
  });
}

describe('a path of libfuse', () => {
  test('is cut into its names, byte for byte', () => {
    assert.deepEqual(names(read('/a/b\xffc/d e')), ['a', 'b\xffc', 'd e']);
    assert.deepEqual(names(read('/')), []);
  });

  test('is given back whole', () => {
    assert.equal(read('/a/b\xffc').text, '/a/b\xffc');
    assert.equal(read('/').text, '/');
  });

  test('holds nothing of the path before', () => {
    const path = read('/one/two/three');
    path.read(memory.putString(0, '/x'));
    assert.deepEqual(names(path), ['x']);
    assert.equal(path.text, '/x');
  });

  test('can’t lead upwards', () => {
    const path = read('/a/../b');
    assert.equal(path.pointAt(1), -Errno.EINVAL);
  });

  test('is refused where it or a name is too long', () => {
    const path = new NativePath();
    assert.equal(path.read(memory.putString(0, `/${'a'.repeat(1024 * 1024)}`)), -Errno.ENAMETOOLONG);
    assert.equal(read(`/${'a'.repeat(256)}`).pointAt(0), -Errno.ENAMETOOLONG);
  });
});
