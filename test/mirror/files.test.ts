import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MemoryRegion } from '../../src/libc/memory.js';
import { nameOf, TemporaryMirror, umask } from './temporary-mirror.js';

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_EXCL, O_TRUNC, O_NONBLOCK } = constants;
const ENXIO = -6;
const EBADF = -9;
const EEXIST = -17;
const EINVAL = -22;
const ELOOP = -40;
const ESTALE = -116;

describe('open files', () => {
  let temporary: TemporaryMirror;
  const region = new MemoryRegion(4096);
  beforeEach(() => {
    temporary = new TemporaryMirror();
  });
  afterEach(() => temporary.remove());

  const open = (name: string, flags: number): number => temporary.files.open(temporary.lookup(name), flags, false);
  const write = (handle: number, text: string, offset = 0): number => {
    const length = region.bytes.write(text, 100);
    return temporary.files.write(handle, region, 100, length, offset);
  };
  const create = (name: string, flags: number): number => {
    const node = temporary.files.create(temporary.root, nameOf(name), flags, 0o640, umask);
    return typeof node === 'number' ? node : temporary.files.createdHandle;
  };

  test('what is written can be read back, through the mirror and through the handle', () => {
    const handle = create('f', O_RDWR);
    assert.equal(write(handle, 'hello'), 5);
    assert.equal(write(handle, 'J', 0), 1);
    assert.equal(readFileSync(temporary.path('f'), 'utf8'), 'Jello');
    assert.equal(temporary.files.read(handle, region, 8, 100, 1), 4);
    assert.equal(region.bytes.toString('latin1', 8, 12), 'ello');
  });

  test('an append goes to the end, whatever its offset says', () => {
    writeFileSync(temporary.path('f'), 'one\n');
    assert.equal(write(open('f', O_WRONLY | O_APPEND), 'two\n', 0), 4);
    assert.equal(readFileSync(temporary.path('f'), 'utf8'), 'one\ntwo\n');
  });

  test('a page of a mapping goes to its offset, also through a handle that appends', () => {
    writeFileSync(temporary.path('f'), 'one\n');
    const handle = open('f', O_WRONLY | O_APPEND);
    region.bytes.write('ONE', 100);
    assert.equal(temporary.files.writePage(handle, region, 100, 3, 0), 3);
    assert.equal(write(handle, 'two\n'), 4);
    assert.equal(readFileSync(temporary.path('f'), 'utf8'), 'ONE\ntwo\n');
  });

  test('O_TRUNC empties the file', () => {
    writeFileSync(temporary.path('f'), 'text');
    open('f', O_WRONLY | O_TRUNC);
    assert.equal(readFileSync(temporary.path('f'), 'utf8'), '');
  });

  test('a file that is there is opened, unless the caller insists on a new one', () => {
    writeFileSync(temporary.path('f'), 'text');
    assert.ok(create('f', O_RDWR) >= 0);
    assert.equal(readFileSync(temporary.path('f'), 'utf8'), 'text');
    assert.equal(create('f', O_RDWR | O_EXCL), EEXIST);
  });

  test('a file is used on after it was unlinked', () => {
    const handle = create('f', O_RDWR);
    unlinkSync(temporary.path('f'));
    assert.equal(write(handle, 'x'), 1);
    assert.equal(temporary.files.read(handle, region, 0, 10, 0), 1);
  });

  test('a released handle is a bad descriptor, and is not released twice', () => {
    const handle = create('f', O_RDWR);
    assert.equal(temporary.files.release(handle), 0);
    assert.equal(temporary.files.release(handle), EBADF);
    assert.equal(write(handle, 'x'), EBADF);
    assert.equal(temporary.files.read(handle, region, 0, 1, 0), EBADF);
  });

  test('a handle does what it was opened for', () => {
    writeFileSync(temporary.path('f'), 'text');
    assert.equal(write(open('f', O_RDONLY), 'x'), EBADF);
    assert.equal(temporary.files.read(open('f', O_WRONLY), region, 0, 1, 0), EBADF);
  });

  test('an offset that no file has is an error', () => {
    const handle = create('f', O_RDWR);
    for (const offset of [2 ** 63, 2 ** 64 - 1, -1]) {
      assert.equal(temporary.files.read(handle, region, 0, 1, offset), EINVAL, `${offset}`);
      assert.equal(write(handle, 'x', offset), EINVAL, `${offset}`);
    }
  });

  test('a pipe, whose opening would stop the server, and a directory are not opened', () => {
    execFileSync('mkfifo', [temporary.path('pipe')]);
    mkdirSync(temporary.path('d'));
    for (const flags of [O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_NONBLOCK]) {
      for (const name of ['pipe', 'd']) assert.equal(open(name, flags), ENXIO, name);
    }
    assert.equal(create('pipe', O_RDONLY), ESTALE);
  });

  test('a symlink is not followed', () => {
    writeFileSync(temporary.path('f'), 'text');
    symlinkSync('f', temporary.path('link'));
    assert.ok(open('link', O_RDONLY) < 0);
    assert.ok([ELOOP, ESTALE].includes(create('link', O_RDWR)));
    assert.equal(readFileSync(temporary.path('f'), 'utf8'), 'text');
  });
});
