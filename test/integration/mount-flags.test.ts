/** Flags of a mount, remounting, and what a mount may lie on: read-only, nosuid, two at once, over a tmpfs. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capturedText } from '../harness/chunks.js';
import { type Outcome, output, run } from '../harness/commands.js';
import { mknod } from '../harness/libc.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { adm, asNobody, launcher, nobody } from '../harness/project.js';
import { stopWatching } from '../harness/watchdog.js';

const limit = { timeout: 60_000 };
const typeCharacterDevice = 0o020000;

const mountOptionsOf = async (mountpoint: string): Promise<string[]> =>
  (await output('findmnt', ['-no', 'OPTIONS', mountpoint])).trim().split(',');

function assertRefused(outcome: Outcome, reason: RegExp, what: string): void {
  assert.notEqual(outcome.code, 0, what);
  assert.match(outcome.stderr, reason, what);
}

const changes = ['touch new', 'echo x >> f', 'chmod 600 f', 'mkdir new', 'mv f g', 'rm -f f', 'ln f g', 'touch f'];

test('a mount with ro is read and not written', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['**'], options: ['ro'] });
  mkdirSync(fixture.mirror);
  writeFileSync(join(fixture.mirror, 'f'), 'as it was\n');
  await fixture.remount();
  assert.ok((await mountOptionsOf(fixture.mountpoint)).includes('ro'));
  assert.equal(readFileSync(fixture.path('f'), 'utf8'), 'as it was\n');
  assert.deepEqual(readdirSync(fixture.mountpoint), ['f']);
  for (const command of changes) {
    const outcome = await run('sh', ['-c', command], { cwd: fixture.mountpoint });
    assertRefused(outcome, /read-only file system/i, command);
  }
  assert.equal(readFileSync(join(fixture.mirror, 'f'), 'utf8'), 'as it was\n');
  assert.deepEqual(readdirSync(fixture.logs), []);
});

test('our command refuses a remount with a line that tells how, and changes nothing', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  const pid = fixture.serverPid();
  for (const args of [[fixture.mountpoint, '-o', 'remount,ro'], fixture.mountArguments(['remount', 'ro'])]) {
    const outcome = await run(launcher, args);
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, /^logagg-fs: remount is not supported[^\n]+\n$/);
  }
  assert.ok((await mountOptionsOf(fixture.mountpoint)).includes('rw'));
  writeFileSync(fixture.path('f'), 'x\n');
  assert.equal(fixture.serverPid(), pid);
});

test('mount -i -o remount,ro makes it read-only, and rw undoes that', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  writeFileSync(fixture.path('f'), 'before\n');
  await output('mount', ['-i', '-o', 'remount,ro', fixture.mountpoint]);
  for (const command of changes) {
    const outcome = await run('sh', ['-c', command], { cwd: fixture.mountpoint });
    assertRefused(outcome, /read-only file system/i, command);
  }
  assert.equal(readFileSync(fixture.path('f'), 'utf8'), 'before\n');
  await output('mount', ['-i', '-o', 'remount,rw', fixture.mountpoint]);
  appendFileSync(fixture.path('f'), 'after\n');
  assert.equal(capturedText(fixture.logs, fixture.path('f')), 'before\nafter\n');
});

test('nosuid and nodev are honoured, and so are suid and dev', limit, async (t) => {
  const fixture = MountFixture.prepare(t);
  for (const [options, effectiveUid, readable] of [
    [['nosuid', 'nodev'], nobody, false],
    [['suid', 'dev'], 0, true],
  ] as const) {
    await fixture.remount(options);
    chmodSync(fixture.mountpoint, 0o755);
    copyFileSync('/usr/bin/id', fixture.path('id'));
    chmodSync(fixture.path('id'), 0o4755);
    if (options[0] === 'nosuid') mknod(fixture.path('null'), typeCharacterDevice | 0o666, 0x103);
    chmodSync(fixture.path('null'), 0o666);
    const mounted = await mountOptionsOf(fixture.mountpoint);
    for (const option of ['nosuid', 'nodev'] as const) assert.equal(mounted.includes(option), !readable, option);
    const uid = await output(fixture.path('id'), ['-u'], asNobody);
    assert.equal(Number(uid), effectiveUid, options.join());
    assert.equal((await run('cat', [fixture.path('null')], asNobody)).code, readable ? 0 : 1, options.join());
    await fixture.unmount();
  }
});

test('two mounts with two roots know nothing of each other', limit, async (t) => {
  const one = await MountFixture.mount(t, { patterns: ['**'] });
  const other = await MountFixture.mount(t, { patterns: ['**'] });
  for (const [fixture, text] of [
    [one, 'one\n'],
    [other, 'other\n'],
  ] as const) {
    writeFileSync(fixture.path('app.log'), text);
  }
  assert.equal(capturedText(one.logs, one.path('app.log')), 'one\n');
  assert.equal(capturedText(other.logs, other.path('app.log')), 'other\n');
  assertRefused(await run('ln', [one.path('app.log'), other.path('x')]), /cross-device/i, 'a link between them');
  await one.unmount();
  appendFileSync(other.path('app.log'), 'goes on\n');
  assert.equal(capturedText(other.logs, other.path('app.log')), 'other\ngoes on\n');
  assert.deepEqual(readdirSync(one.mountpoint), []);
});

test('it mounts over a mountpoint that is a file system of its own, and gives it back', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['**'] });
  await output('mount', ['-t', 'tmpfs', 'tmpfs', fixture.mountpoint]);
  // The fixture removes its folder in the end.
  fixture.after(async () => {
    if (fixture.isMounted()) await fixture.unmount();
    stopWatching(fixture.mountpoint);
    await output('umount', [fixture.mountpoint]);
  });
  writeFileSync(fixture.path('on-tmpfs'), 'x');
  await fixture.remount();
  assert.deepEqual(readdirSync(fixture.mountpoint), []);
  writeFileSync(fixture.path('app.log'), 'line\n');
  assert.equal(capturedText(fixture.logs, fixture.path('app.log')), 'line\n');
  assert.ok(fixture.isMounted());
  await fixture.unmount();
  assert.deepEqual(readdirSync(fixture.mountpoint), ['on-tmpfs']);
});

test('it mounts over a directory that is not empty, takes its mode and owner, and gives it back', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['**'] });
  writeFileSync(fixture.path('was-here'), 'x');
  chownSync(fixture.mountpoint, 0, adm);
  chmodSync(fixture.mountpoint, 0o2775);
  await fixture.remount();
  assert.deepEqual(readdirSync(fixture.mountpoint), []);
  const { mode, gid } = statSync(fixture.mountpoint);
  assert.deepEqual([mode & 0o7777, gid], [0o2775, adm]);
  writeFileSync(fixture.path('was-here'), 'another file');
  await fixture.unmount();
  assert.equal(readFileSync(fixture.path('was-here'), 'utf8'), 'x');
});
