/**
 * One of the programs that use a mount while its server is killed: a thread that does one kind of thing over and over and
 * takes no error for an answer.
 *
 * Guarantees: told to stop, it answers with what must be in the mirror and in the chunks. Any error, short write, or wrong
 * content ends it with that.
 */
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Content, lineOf, type StormOrder, type StormResult, summaryOf } from './storm-kinds.js';

/** 50 kB. */
const LARGE_LINES = 1500;
const LARGE_PAUSE_MS = 100;

const { kind, folder, stop } = workerData as StormOrder;
const log = join(folder, `${kind}.log`);
let lines = 0;
/** What the log must hold. */
let content = new Content();

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`${kind}: ${what}`);
}

function put(fd: number, position: number | null = null, count = 1): void {
  const text = Array.from({ length: count }, (_, index) => lineOf(kind, lines + index)).join('');
  const bytes = Buffer.from(text, 'latin1');
  const written = writeSync(fd, bytes, 0, bytes.length, position);
  check(written === bytes.length, `a write of ${bytes.length} bytes wrote ${written}`);
  lines += count;
  content.add(bytes);
}

function create(flags: string): number {
  content = new Content();
  return openSync(log, flags, 0o640);
}

/** What other files must hold. */
const others: Record<string, string> = {};

function* append(): Generator<void> {
  const fd = create('ax');
  for (;;) {
    put(fd);
    yield;
  }
}

function* rotate(): Generator<void> {
  for (;;) {
    const fd = create('ax');
    for (let line = 0; line < 20; line++) put(fd);
    renameSync(log, `${log}.1`);
    others[`${kind}.log.1`] = content.summary;
    put(fd);
    others[`${kind}.log.1`] = content.summary;
    closeSync(fd);
    content = new Content();
    yield;
  }
}

function* truncate(): Generator<void> {
  const fd = create('ax');
  for (;;) {
    for (let line = 0; line < 20; line++) put(fd);
    check(fstatSync(fd).size === content.length, 'the size is not that of what was written');
    ftruncateSync(fd, 0);
    content = new Content();
    check(fstatSync(fd).size === 0, 'the size after a truncation is not 0');
    yield;
  }
}

function* unlink(): Generator<void> {
  for (;;) {
    const fd = create('ax+');
    put(fd);
    unlinkSync(log);
    for (let line = 0; line < 5; line++) put(fd);
    const got = Buffer.alloc(content.length + 1);
    const length = readSync(fd, got, 0, got.length, 0);
    check(summaryOf(got.subarray(0, length)) === content.summary, `an unlinked file holds other bytes`);
    closeSync(fd);
    content = new Content();
    yield;
  }
}

function* creations(): Generator<void> {
  for (let round = 0; ; round++) {
    const path = join(folder, `made-${round}`);
    const fd = openSync(path, 'wx', 0o600);
    writeSync(fd, path);
    closeSync(fd);
    check(readFileSync(path, 'utf8') === path, 'a new file holds other bytes');
    const kept = create('a');
    put(kept);
    closeSync(kept);
    chmodSync(path, 0o644);
    utimesSync(path, round, round);
    check(statSync(path).mtimeMs === round * 1000, 'a time that was set is another');
    unlinkSync(path);
    unlinkSync(log);
    content = new Content();
    yield;
  }
}

function* position(): Generator<void> {
  const fd = create('wx+');
  for (;;) {
    put(fd, content.length);
    yield;
  }
}

function* names(): Generator<void> {
  for (let round = 0; ; round++) {
    const path = (name: string): string => join(folder, `${name}-${round}`);
    mkdirSync(path('directory'));
    closeSync(openSync(path('file'), 'wx'));
    linkSync(path('file'), path('link'));
    symlinkSync('target', path('symlink'));
    renameSync(path('link'), join(path('directory'), 'inside'));
    check(statSync(path('file')).nlink === 2, 'a hard link is missing');
    check(readdirSync(path('directory')).join() === 'inside', 'a directory lists something else');
    unlinkSync(join(path('directory'), 'inside'));
    unlinkSync(path('file'));
    unlinkSync(path('symlink'));
    rmdirSync(path('directory'));
    yield;
  }
}

function* sync(): Generator<void> {
  const fd = create('as');
  for (let round = 0; ; round++) {
    put(fd);
    if (round % 4 === 0) fsyncSync(fd);
    yield;
  }
}

/** More at a time than a server has memory ready for, now and then. */
function* large(): Generator<void> {
  const fd = create('ax');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    put(fd, null, LARGE_LINES);
    Atomics.wait(pause, 0, 0, LARGE_PAUSE_MS);
    yield;
  }
}

function* list(): Generator<void> {
  const wanted = Array.from({ length: 300 }, (_, index) => `static-${String(index).padStart(3, '0')}`).join();
  for (;;) {
    check(readdirSync(join(folder, 'static')).sort().join() === wanted, 'a directory lists something else');
    yield;
  }
}

function* read(): Generator<void> {
  for (let round = 0; ; round++) {
    const name = `static-${String(round % 300).padStart(3, '0')}`;
    check(readFileSync(join(folder, 'static', name), 'utf8') === name, 'a file holds something else');
    yield;
  }
}

const rounds = {
  append,
  rotate,
  truncate,
  unlink,
  create: creations,
  position,
  names,
  sync,
  large,
  list,
  read,
} as const;

const stopped = new Int32Array(stop);
let count = 0;
for (const _ of rounds[kind]()) {
  count++;
  if (Atomics.load(stopped, 0) === 1) break;
}
const hasLog = content.length > 0 || kind === 'truncate';
const mirror = hasLog ? { ...others, [`${kind}.log`]: content.summary } : others;
parentPort?.postMessage({ kind, rounds: count, log, lines, mirror } satisfies StormResult);
