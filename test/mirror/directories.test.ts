import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Directories } from '../../src/mirror/directories.js';
import { nameOf, TemporaryMirror, umask } from './temporary-mirror.js';

const EBADF = -9;
const ENOTDIR = -20;

describe('directories', () => {
  let temporary: TemporaryMirror;
  let directories: Directories;
  beforeEach(() => {
    temporary = new TemporaryMirror();
    directories = new Directories(temporary.mirror);
  });
  afterEach(() => temporary.remove());

  /** Reads to the end, so many entries at a time. */
  function readAll(handle: number, atOnce: number, between: () => void = () => undefined): string[] {
    const names: string[] = [];
    let cookie = 0n;
    for (;;) {
      let taken = 0;
      const result = directories.read(handle, cookie, (entry) => {
        if (taken === atOnce) return false;
        taken++;
        names.push(entry.name.text);
        cookie = (BigInt(entry.nextHigh) << 32n) | BigInt(entry.nextLow);
        return true;
      });
      assert.equal(result, 0);
      if (taken === 0) return names;
      between();
    }
  }

  const fill = (count: number): string[] => {
    const names = Array.from({ length: count }, (_, i) => `file-${i}`);
    for (const name of names) writeFileSync(temporary.path(name), '');
    return names;
  };

  for (const atOnce of [1, 7, 100_000]) {
    test(`each entry is read once, ${atOnce} at a time`, () => {
      const names = fill(2000);
      const handle = directories.opendir(temporary.root);
      assert.deepEqual(readAll(handle, atOnce).sort(), ['.', '..', ...names].sort());
    });
  }

  test('what was there all the time is read once while the directory changes', () => {
    const names = fill(500);
    const handle = directories.opendir(temporary.root);
    let changes = 0;
    const read = readAll(handle, 10, () => {
      writeFileSync(temporary.path(`new-${changes++}`), '');
      rmSync(temporary.path(`new-${changes - 1}`));
    });
    assert.deepEqual(read.filter((name) => name.startsWith('file-')).sort(), names.sort());
  });

  test('two handles that are read in turns give each entry once each', () => {
    const names = ['.', '..', ...fill(500)].sort();
    const [one, other] = [directories.opendir(temporary.root), directories.opendir(temporary.root)];
    const others: string[][] = [];
    const read = readAll(one, 10, () => {
      if (others.length < 3) others.push(readAll(other, 30));
    });
    for (const found of [read, ...others]) assert.deepEqual(found.sort(), names);
  });

  test('a handle that is rewound shows what is there by then', () => {
    fill(3);
    const handle = directories.opendir(temporary.root);
    readAll(handle, 2);
    rmSync(temporary.path('file-1'));
    writeFileSync(temporary.path('late'), '');
    assert.deepEqual(readAll(handle, 2).sort(), ['.', '..', 'file-0', 'file-2', 'late']);
  });

  test('a new handle with the number of an old one starts anew', () => {
    fill(100);
    const handle = directories.opendir(temporary.root);
    let cookie = 0n;
    directories.read(handle, 0n, (entry) => {
      cookie = (BigInt(entry.nextHigh) << 32n) | BigInt(entry.nextLow);
      return cookie === 0n;
    });
    directories.releasedir(handle);
    assert.equal(directories.opendir(temporary.root), handle);
    assert.equal(readAll(handle, 10).length, 102);
  });

  test('"." and ".." are known as such', () => {
    fill(1);
    const marked: string[] = [];
    directories.read(directories.opendir(temporary.root), 0n, (entry) => {
      if (entry.isDotOrDotDot) marked.push(entry.name.text);
      return true;
    });
    assert.deepEqual(marked.sort(), ['.', '..']);
  });

  test('a name that is not UTF-8 is read as its bytes', () => {
    const bytes = Buffer.from([0xff, 0x80, 0x41]);
    writeFileSync(Buffer.concat([Buffer.from(temporary.path('')), Buffer.from('/'), bytes]), '');
    const names = readAll(directories.opendir(temporary.root), 10);
    assert.ok(names.includes(bytes.toString('latin1')));
  });

  test('a file is no directory', () => {
    fill(1);
    assert.equal(directories.opendir(temporary.lookup('file-0')), ENOTDIR);
  });

  test('a handle of a file is neither read nor released as one of a directory, and the other way round', () => {
    temporary.files.create(temporary.root, nameOf('f'), 0, 0o600, umask);
    const file = temporary.files.createdHandle;
    assert.equal(
      directories.read(file, 0n, () => true),
      ENOTDIR,
    );
    assert.equal(directories.releasedir(file), EBADF);
    const directory = directories.opendir(temporary.root);
    assert.equal(temporary.files.release(directory), EBADF);
    assert.equal(directories.releasedir(directory), 0);
    assert.equal(directories.releasedir(directory), EBADF);
    assert.equal(temporary.files.release(file), 0);
  });
});
