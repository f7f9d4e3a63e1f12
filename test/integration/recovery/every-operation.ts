/**
 * Every operation that changes something, once, with its result checked: `every-operation.js FOLDER`, as a user without
 * privileges. Says `done` at the end; anything unexpected ends it with an error.
 *
 * Leaves known contents behind (see {@link leftBehind}), and numbered lines in the chunks of `app.log`.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { getxattr, mknodat, orErrno, removexattr, renameat2, setxattr } from '../../../src/libc/calls.js';
import { AT_FDCWD, S_IFIFO } from '../../../src/libc/flags.js';
import { MemoryRegion } from '../../../src/libc/memory.js';
import { nobody } from '../../harness/project.js';

const XATTR_CREATE = 1;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

const folder = process.argv[2] ?? '';
const path = (name: string): string => join(folder, name);
const strings = new MemoryRegion(16_384);
const first = (text: string): number => strings.putString(0, text);
const second = (text: string): number => strings.putString(4096, text);

function put(fd: number, text: string, position: number | null = null): void {
  assert.equal(writeSync(fd, text, position), text.length);
}

function appends(): void {
  const fd = openSync(path('app.log'), 'ax', 0o640);
  for (let line = 0; line < 6; line++) put(fd, `line ${line}\n`);
  fsyncSync(fd);
  assert.equal(fstatSync(fd).size, 42);
  closeSync(fd);
  const synchronous = openSync(path('app.log'), constants.O_WRONLY | constants.O_APPEND | constants.O_SYNC);
  for (let line = 6; line < 8; line++) put(synchronous, `line ${line}\n`);
  renameSync(path('app.log'), path('app.log.1'));
  put(synchronous, 'line 8\n');
  closeSync(synchronous);
  const again = openSync(path('app.log'), 'ax', 0o640);
  put(again, 'line 9\n');
  ftruncateSync(again, 0);
  put(again, 'line 10\n');
  closeSync(again);
}

function positions(): void {
  const fd = openSync(path('position.log'), 'wx+');
  put(fd, 'abc', 0);
  put(fd, 'def', 3);
  unlinkSync(path('position.log'));
  put(fd, 'ghi', 6);
  const got = Buffer.alloc(16);
  assert.equal(got.toString('latin1', 0, readSync(fd, got, 0, 16, 0)), 'abcdefghi');
  closeSync(fd);
}

function names(): void {
  mkdirSync(path('directory'), 0o750);
  assert.throws(() => mkdirSync(path('directory')), /EEXIST/);
  writeFileSync(path('file'), 'content', { flag: 'wx' });
  assert.throws(() => openSync(path('file'), 'wx'), /EEXIST/);
  linkSync(path('file'), path('link'));
  symlinkSync('target', path('symlink'));
  assert.equal(readlinkSync(path('symlink')), 'target');
  assert.equal(orErrno(mknodat(AT_FDCWD, first(path('pipe')), S_IFIFO | 0o600, 0)), 0);
  writeFileSync(path('other'), 'of the other');
  const exchange = renameat2(AT_FDCWD, first(path('file')), AT_FDCWD, second(path('other')), RENAME_EXCHANGE);
  assert.equal(orErrno(exchange), 0);
  assert.equal(readFileSync(path('file'), 'utf8'), 'of the other');
  const moved = renameat2(AT_FDCWD, first(path('other')), AT_FDCWD, second(path('moved')), RENAME_NOREPLACE);
  assert.equal(orErrno(moved), 0);
  assert.equal(existsSync(path('other')), false);
  renameSync(path('file'), path('moved'));
  assert.equal(readFileSync(path('moved'), 'utf8'), 'of the other');
  assert.equal(readFileSync(path('link'), 'utf8'), 'content');
  unlinkSync(path('link'));
  assert.throws(() => unlinkSync(path('link')), /ENOENT/);
  mkdirSync(path('gone'));
  rmdirSync(path('gone'));
  renameSync(path('directory'), path('renamed'));
  writeFileSync(path('renamed/inside'), 'inside');
  for (const name of ['directory-entry-a', 'directory-entry-b']) closeSync(openSync(path(`renamed/${name}`), 'wx'));
}

function attributes(): void {
  chmodSync(path('moved'), 0o604);
  utimesSync(path('moved'), 1000, 2000);
  assert.deepEqual([statSync(path('moved')).mtimeMs, statSync(path('moved')).mode & 0o777], [2_000_000, 0o604]);
  const attribute = second('user.test');
  const value = strings.putString(8192, 'value');
  assert.equal(setxattr(first(path('moved')), attribute, value, 5, XATTR_CREATE), 0);
  assert.equal(getxattr(first(path('moved')), attribute, strings.address + 12_288, 16), 5);
  assert.equal(removexattr(first(path('moved')), attribute), 0);
  assert.ok(getxattr(first(path('moved')), attribute, strings.address + 12_288, 16) < 0);
}

function reads(): void {
  const directory = opendirSync(path('renamed'), { bufferSize: 1 });
  const found: string[] = [];
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) found.push(entry.name);
  directory.closeSync();
  assert.deepEqual(found.sort(), ['directory-entry-a', 'directory-entry-b', 'inside']);
  for (const name of ['app.log', 'moved', 'pipe', 'renamed', 'renamed/inside', 'symlink']) {
    assert.equal(lstatSync(path(name)).uid, nobody, `${name} is the caller's`);
  }
}

process.setegid?.(nobody);
process.seteuid?.(nobody);
for (const step of [appends, positions, names, attributes, reads]) step();
console.log('done');
