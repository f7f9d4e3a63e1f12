/** What the server keeps open, however many files there are: descriptors go back when the kernel forgets. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { captured } from '../harness/captured.js';
import { eventually, output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const files = 20_000;
/** Descriptors that the server may need besides those of files: its own log, chunks, wake-ups. */
const slack = 40;

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Makes the kernel give up what it knows about files that nobody uses. */
const dropCaches = (): Promise<string> => output('sh', ['-c', 'sync; echo 2 > /proc/sys/vm/drop_caches']);

test(`the server lets go of ${files} files that the kernel has forgotten`, { timeout: 180_000 }, async (t) => {
  const fixture = await MountFixture.mount(t);
  const pid = fixture.serverPid();
  await dropCaches();
  const before = descriptors(pid);
  for (let i = 0; i < files; i++) writeFileSync(fixture.path(`f${i}`), 'x');
  for (let i = 0; i < files; i++) statSync(fixture.path(`f${i}`));
  await eventually(
    async () => {
      await dropCaches();
      const now = descriptors(pid);
      assert.ok(now <= before + slack, `${before} descriptors before, ${now} now`);
      return true;
    },
    { within: 30_000 },
  );
  assert.equal(statSync(fixture.path('f0')).size, 1);
});

test('a server with few descriptors serves many files', { timeout: 120_000 }, async (t) => {
  const fixture = MountFixture.prepare(t);
  await fixture.remountWithLimit(256);
  for (let i = 0; i < 1000; i++) writeFileSync(fixture.path(`f${i}`), `${i}`);
  for (let i = 0; i < 1000; i++) assert.equal(statSync(fixture.path(`f${i}`)).size, `${i}`.length);
});

test('hard links that come and go do not use up the descriptors of the server', { timeout: 120_000 }, async (t) => {
  const fixture = MountFixture.prepare(t);
  await fixture.remountWithLimit(256);
  for (let i = 0; i < 600; i++) {
    writeFileSync(fixture.path(`f${i}`), '');
    linkSync(fixture.path(`f${i}`), fixture.path('other-name'));
    unlinkSync(fixture.path('other-name'));
  }
  const now = descriptors(fixture.serverPid());
  assert.ok(now < 200, `${now} descriptors`);
  writeFileSync(fixture.path('last'), 'still there');
});

test('more open files than the server may have are refused with ENFILE, and nothing is left of them', {
  timeout: 120_000,
}, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  await fixture.remountWithLimit(512);
  const pid = fixture.serverPid();
  writeFileSync(fixture.path('kept'), 'content');
  const open: number[] = [];
  let refused: unknown;
  while (refused === undefined) {
    try {
      open.push(openSync(fixture.path(`f${open.length}.log`), 'ax'));
    } catch (error) {
      refused = error;
    }
  }
  assert.equal((refused as NodeJS.ErrnoException).code, 'ENFILE');
  assert.ok(!existsSync(fixture.path(`f${open.length}.log`)));
  assert.throws(() => openSync(fixture.path('f0.log'), 'r'), { code: 'ENFILE' });
  assert.throws(() => readdirSync(fixture.mountpoint), { code: 'ENFILE' });
  assert.throws(() => openSync(fixture.path('kept'), 'w'), { code: 'ENFILE' });
  assert.equal(
    readFileSync(join(fixture.mirror, 'kept'), 'utf8'),
    'content',
    'not truncated by an open that was refused',
  );
  for (const fd of open) closeSync(fd);
  await eventually(() => descriptors(pid) < 400, { within: 10_000, what: 'the release of the files' });
  writeFileSync(fixture.path('after.log'), 'x');
  assert.equal(fixture.serverPid(), pid);
});

test('files that were unlinked while open leave room for chunks', { timeout: 120_000 }, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  await fixture.remountWithLimit(1024);
  const names = Array.from({ length: 400 }, (_, file) => `f${file}.log`);
  // Two descriptors each: the file's, and its node's, which could not be opened again.
  const fds = names.map((name) => openSync(fixture.path(name), 'a'));
  for (const name of names) unlinkSync(fixture.path(name));
  for (const round of [0, 1]) for (const fd of fds) writeSync(fd, `line ${round}\n`);
  for (const fd of fds) closeSync(fd);
  for (const name of names) assert.equal(captured(fixture, name), 'line 0\nline 1\n', name);
});

test('more files than chunks can be open are captured to the last line, also where all are synced', {
  timeout: 120_000,
}, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  await fixture.remountWithLimit(512);
  const names = Array.from({ length: 300 }, (_, file) => `f${file}.log`);
  const fds = names.map((name) => openSync(fixture.path(name), 'a'));
  const rounds = [0, 1, 2, 3];
  for (const round of rounds) {
    for (const fd of fds) writeSync(fd, `line ${round}\n`);
    if (round > 0) for (const fd of fds) fsyncSync(fd);
    // Others can still be opened and looked at.
    writeFileSync(fixture.path(`other${round}.log`), 'other\n');
    assert.equal(readdirSync(fixture.mountpoint).length, names.length + round + 1);
  }
  for (const fd of fds) closeSync(fd);
  const lines = rounds.map((round) => `line ${round}\n`).join('');
  for (const name of names) assert.equal(captured(fixture, name), lines, name);
  for (const round of rounds) assert.equal(captured(fixture, `other${round}.log`), 'other\n');
});
