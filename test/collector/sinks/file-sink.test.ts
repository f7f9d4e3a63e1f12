import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Sink } from '../../../src/collector/sinks/sink.js';
import { temporaryPrefix } from '../../harness/project.js';
import { batchOf, deliver, refusal, sinkOf } from '../../harness/sink-batches.js';

let folder: string;
let file: string;
let sinks: Sink[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  file = join(folder, 'out log');
  sinks = [];
});

afterEach(async () => {
  for (const sink of sinks) await sink.close();
  rmSync(folder, { recursive: true });
});

function fileSink(options = '', path = file): Sink {
  const sink = sinkOf(`${pathToFileURL(path).href}${options}`, 'raw');
  sinks.push(sink);
  return sink;
}

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const rotated = (): string[] => readdirSync(folder).filter((name) => name.startsWith('out log.'));

test('batches are appended to what is there', async () => {
  writeFileSync(file, 'before\n');
  const sink = fileSink();
  await deliver(sink, batchOf('a', 'b'));
  await deliver(sink, batchOf(Buffer.from([0xff, 0x00])));
  assert.deepEqual(readFileSync(file), Buffer.from('before\na\nb\n\xff\0\n', 'latin1'));
});

test('files and folders are made for root alone', async () => {
  const path = join(folder, 'a/b/out.log');
  await deliver(fileSink('', path), batchOf('a'));
  assert.deepEqual([modeOf(path), modeOf(join(folder, 'a/b')), modeOf(join(folder, 'a'))], ['600', '700', '700']);
});

test('mode= gives the same to the folders, whatever the umask', async () => {
  const path = join(folder, 'a/out.log');
  const umask = process.umask(0o027);
  try {
    await deliver(fileSink('?mode=0644', path), batchOf('a'));
  } finally {
    process.umask(umask);
  }
  assert.deepEqual([modeOf(path), modeOf(join(folder, 'a'))], ['644', '750']);
});

test('a file that exists keeps its permissions', async () => {
  writeFileSync(file, '', { mode: 0o640 });
  await deliver(fileSink(), batchOf('a'));
  assert.equal(modeOf(file), '640');
});

test('nothing is made before the first delivery', () => {
  fileSink();
  assert.deepEqual(readdirSync(folder), []);
});

test('a torn line of an earlier crash is ended, so that its repetition is whole', async () => {
  writeFileSync(file, 'whole\nto');
  await deliver(fileSink(), batchOf('torn'));
  assert.equal(readFileSync(file, 'utf8'), 'whole\nto\ntorn\n');
});

test('a full file makes room for the next batch', async () => {
  const sink = fileSink('?rotate=10&keep=2');
  for (const text of ['aaaa', 'bbbb', 'cccccccccccccccc', 'dddd', 'eeee', 'ffff']) await deliver(sink, batchOf(text));
  assert.equal(readFileSync(file, 'utf8'), 'ffff\n');
  const contents = rotated().map((name) => readFileSync(join(folder, name), 'utf8'));
  assert.deepEqual(contents, ['cccccccccccccccc\n', 'dddd\neeee\n']);
});

test('a file of yesterday is rotated by the first batch of a new collector', async () => {
  writeFileSync(file, 'old\n');
  const yesterday = Date.now() / 1000 - 86_400;
  utimesSync(file, yesterday, yesterday);
  const sink = fileSink('?rotate=daily');
  await deliver(sink, batchOf('a'));
  await deliver(sink, batchOf('b'));
  assert.equal(readFileSync(file, 'utf8'), 'a\nb\n');
  assert.equal(rotated().length, 1);
});

test('a file that somebody renames or removes is made anew', async () => {
  const sink = fileSink();
  await deliver(sink, batchOf('a'));
  renameSync(file, `${file}.1`);
  await deliver(sink, batchOf('b'));
  rmSync(file);
  await deliver(sink, batchOf('c'));
  assert.equal(readFileSync(`${file}.1`, 'utf8'), 'a\n');
  assert.equal(readFileSync(file, 'utf8'), 'c\n');
});

test('two writers of one file lose nothing', async () => {
  const sink = fileSink();
  await deliver(sink, batchOf('a'));
  appendFileSync(file, 'theirs\n');
  await deliver(sink, batchOf('b'));
  assert.equal(readFileSync(file, 'utf8'), 'a\ntheirs\nb\n');
});

test('a folder that can not be made is a failure that may pass', async () => {
  const sink = fileSink('', join(folder, 'a/out.log'));
  writeFileSync(join(folder, 'a'), '');
  const error = await refusal(sink, batchOf('x'));
  assert.equal(error.retry, 'later');
  assert.match(error.message, /ENOTDIR/);
  rmSync(join(folder, 'a'));
  await deliver(sink, batchOf('x'));
  assert.equal(readFileSync(join(folder, 'a/out.log'), 'utf8'), 'x\n');
});

test('a device is written as it is', async () => {
  await deliver(fileSink('', '/dev/null'), batchOf('a'));
  const error = await refusal(fileSink('', '/dev/full'), batchOf('a'));
  assert.equal(error.retry, 'later');
  assert.match(error.message, /ENOSPC/);
});
