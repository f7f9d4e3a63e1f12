/** Nothing tracked is lost, doubled or cut: mistakes of earlier systems, each under its behaviour's name. */
import assert from 'node:assert/strict';
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, assertMirroredAndCaptured, captured, untilCapture } from '../harness/captured.js';
import { capturedText, chunkName, chunkNamesOf, chunksOf, streamOf } from '../harness/chunks.js';
import { output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 60_000 };
const lines = (count: number, text: string): string =>
  Array.from({ length: count }, (_, index) => `${text} ${index}\n`).join('');

test('a new file that matches loses nothing, however soon it is written', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['new-*'] });
  for (let index = 0; index < 200; index++) {
    append(fixture, `new-${index}`, `first line of ${index}\n`);
    assert.equal(captured(fixture, `new-${index}`), `first line of ${index}\n`);
  }
});

test('a descriptor that was open before a rename stays captured, in the stream of its old path', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log', 'probe'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'one\n');
  renameSync(fixture.path('app.log'), fixture.path('app.log.1'));
  writeSync(fd, 'two\n');
  fixture.writeTrackfiles(`${fixture.path('app.log')}\n${fixture.path('refreshed')}\n`);
  await untilCapture(fixture, 'refreshed', true);
  writeSync(fd, 'three\n');
  append(fixture, 'app.log', 'four\n');
  writeSync(fd, 'five\n');
  closeSync(fd);
  assert.equal(captured(fixture, 'app.log'), 'one\ntwo\nthree\nfour\nfive\n');
  assert.equal(captured(fixture, 'app.log.1'), '');
});

test('a descriptor of an unlinked file stays captured', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'one\n');
  unlinkSync(fixture.path('app.log'));
  writeSync(fd, 'two\n');
  closeSync(fd);
  assert.equal(captured(fixture, 'app.log'), 'one\ntwo\n');
});

test('a write succeeds while trackfiles.txt is missing', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'before\n');
  rmSync(fixture.trackfiles);
  const deadline = Date.now() + 3000;
  let expected = 'before\n';
  for (let index = 0; Date.now() < deadline; index++) {
    append(fixture, 'app.log', `line ${index}\n`);
    expected += `line ${index}\n`;
  }
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), expected);
});

test('a write succeeds while logs/ is missing, and capture goes on when it is back', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'before\n');
  rmSync(fixture.logs, { recursive: true });
  append(fixture, 'app.log', 'without logs\n');
  append(fixture, 'other.log', 'without logs\n');
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), 'before\nwithout logs\n');
  await output('mkdir', ['-p', fixture.logs]);
  await untilCapture(fixture, 'app.log', true);
});

test('a write succeeds while logs/ is a file', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  rmSync(fixture.logs, { recursive: true });
  writeFileSync(fixture.logs, 'in the way');
  append(fixture, 'app.log', 'mirrored all the same\n');
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'mirrored all the same\n');
  assert.equal(readFileSync(fixture.logs, 'utf8'), 'in the way');
});

test('the last pattern counts in full when it has no newline', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: [] });
  fixture.writeTrackfiles(`${fixture.path('a.log')}\n${fixture.path('z.log')}`);
  await fixture.remount();
  append(fixture, 'z.log', 'matched by the last line\n');
  append(fixture, 'z.lo', 'matched by a cut line\n');
  assert.equal(captured(fixture, 'z.log'), 'matched by the last line\n');
  assert.equal(captured(fixture, 'z.lo'), '');
});

test('data that never ends in a newline is cut at four times the chunk size', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'], options: ['chunksize=1000'] });
  const piece = 'x'.repeat(300);
  for (let index = 0; index < 100; index++) append(fixture, 'small', piece);
  append(fixture, 'large', 'y'.repeat(50_000));
  for (const [name, size] of [
    ['small', 30_000],
    ['large', 50_000],
  ] as const) {
    const sizes = chunksOf(fixture.logs, fixture.path(name)).map((chunk) => statSync(chunk).size);
    assert.equal(captured(fixture, name).length, size);
    assert.ok(Math.max(...sizes) <= 4000, `${name}: ${sizes.join(' ')}`);
  }
});

test('patterns that match the mountpoint itself and everything in it do not block the mount', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['', '**', '**/*'] });
  fixture.writeTrackfiles(`${fixture.mountpoint}\n${fixture.mountpoint}/**\n**/*\n/**\n*\n`);
  await untilCapture(fixture, 'app.log', true);
  assert.equal(await output('ls', [fixture.mountpoint], { timeout: 10_000 }), 'app.log\n');
});

test("a pattern with a star does not capture logrotate's copy as well", limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['syslog*'] });
  const [config, state] = [join(fixture.folder, 'rotate.conf'), join(fixture.folder, 'rotate.state')];
  writeFileSync(config, `${fixture.path('syslog')} {\n  rotate 3\n  copytruncate\n  compress\n  delaycompress\n}\n`, {
    mode: 0o644,
  });
  for (const round of [1, 2, 3]) {
    append(fixture, 'syslog', lines(100, `round ${round}`));
    await output('logrotate', ['--force', '--state', state, config]);
  }
  const expected = [1, 2, 3].map((round) => lines(100, `round ${round}`)).join('');
  assert.equal(captured(fixture, 'syslog'), expected);
  assert.deepEqual(readdirSync(fixture.mountpoint).sort(), ['syslog', 'syslog.1', 'syslog.2.gz', 'syslog.3.gz']);
  const foreign = readdirSync(fixture.logs).filter((name) => !name.startsWith(streamOf(fixture.path('syslog'))));
  assert.deepEqual(foreign, []);
});

test('writes through hard links that match are captured, once, under one of the names', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'a.log', 'one\n');
  linkSync(fixture.path('a.log'), fixture.path('b.log'));
  append(fixture, 'b.log', 'two\n');
  assert.equal(readFileSync(fixture.path('a.log'), 'utf8'), 'one\ntwo\n');
  // The kernel says which inode is opened, not by which name.
  assert.equal(captured(fixture, 'a.log') + captured(fixture, 'b.log'), 'one\ntwo\n');
});

test('chunk names have one width and sort in the order of writing under fast rotation', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*'], options: ['chunksize=4'] });
  for (let index = 0; index < 500; index++) append(fixture, 'f', `line ${index}\n`);
  const names = chunkNamesOf(fixture.logs, fixture.path('f'));
  assert.equal(names.length, 500);
  for (const name of names) assert.match(name, chunkName);
  const path = fixture.path('f');
  assert.equal(capturedText(fixture.logs, path), lines(500, 'line'));
  assertMirroredAndCaptured(fixture, 'f', lines(500, 'line'));
});
