/** What is open when a server is killed: files, unlinked files, directories, the current directory, locks, slow calls. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { append, assertMirroredAndCaptured, captured, untilCaptureOfOpen } from '../../harness/captured.js';
import { capturedText } from '../../harness/chunks.js';
import { describe, eventually, output, run } from '../../harness/commands.js';
import { fuseMountAt } from '../../harness/fuse-mounts.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { isRunning } from '../../harness/processes.js';
import { launcher } from '../../harness/project.js';
import { freeBytes, mountSmallDisk } from '../../harness/small-disk.js';
import { killOnce, servingServer, untilServing } from './server-state.js';

const limit = { timeout: 90_000 };

const mountWith = (t: TestContext, ...options: string[]): Promise<MountFixture> =>
  MountFixture.mount(t, { patterns: ['*.log'], options });

for (const passthrough of ['on', 'off']) {
  test(`open and unlinked files stay usable through a kill, passthrough=${passthrough}`, limit, async (t) => {
    const fixture = await mountWith(t, `passthrough=${passthrough}`);
    const log = openSync(fixture.path('app.log'), 'a+');
    writeSync(log, 'before\n');
    const gone = openSync(fixture.path('gone.log'), 'wx+');
    writeSync(gone, 'unlinked ');
    unlinkSync(fixture.path('gone.log'));
    for (let round = 0; round < 3; round++) {
      await killOnce(fixture);
      writeSync(log, `round ${round}\n`);
      writeSync(gone, `${round}`);
    }
    const got = Buffer.alloc(32);
    assert.equal(got.toString('latin1', 0, readSync(gone, got, 0, 32, 0)), 'unlinked 012');
    closeSync(gone);
    closeSync(log);
    assert.equal(captured(fixture, 'gone.log'), 'unlinked 012');
    assertMirroredAndCaptured(fixture, 'app.log', 'before\nround 0\nround 1\nround 2\n');
    await fixture.unmount();
  });
}

test('a directory that is being read, the current directory and a lock survive a kill', limit, async (t) => {
  const fixture = await mountWith(t);
  mkdirSync(fixture.path('many'));
  const names = Array.from({ length: 3000 }, (_, index) => `entry-${index}`);
  for (const name of names) writeFileSync(join(fixture.mirror, 'many', name), '');
  const directory = opendirSync(fixture.path('many'), { bufferSize: 1 });
  const found = [directory.readSync()?.name];
  writeFileSync(fixture.path('lock'), '');
  const holder = spawn('flock', ['lock', 'sh', '-c', 'echo locked; read x; pwd; echo after > relative'], {
    cwd: fixture.mountpoint,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  let said = '';
  holder.stdout.on('data', (part: Buffer) => (said += part.toString()));
  await eventually(() => said === 'locked\n', { within: 10_000, what: 'the lock' });
  await killOnce(fixture);
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) found.push(entry.name);
  directory.closeSync();
  assert.deepEqual(found.sort(), names.sort());
  assert.notEqual((await run('flock', ['--nonblock', fixture.path('lock'), 'true'])).code, 0, 'the lock is held');
  holder.stdin.end('\n');
  await eventually(() => said.includes(fixture.mountpoint), { within: 10_000, what: 'the end of the holder' });
  await eventually(() => existsSync(join(fixture.mirror, 'relative')), { within: 10_000, what: 'a file in the cwd' });
  await eventually(async () => (await run('flock', ['--nonblock', fixture.path('lock'), 'true'])).code === 0, {
    within: 5000,
    what: 'the lock to be free',
  });
});

test('patterns that change after a kill are applied to files that were open before', limit, async (t) => {
  const fixture = await mountWith(t);
  const fd = openSync(fixture.path('late.txt'), 'a');
  writeSync(fd, 'not captured\n');
  await killOnce(fixture);
  fixture.writeTrackfiles(`${fixture.path('late.txt')}\n`);
  await untilCaptureOfOpen(fixture, 'late.txt', fd, true);
  closeSync(fd);
});

test('after a kill maxcache= holds: chunks of the dead server count, and the oldest give way', limit, async (t) => {
  const maximum = 200_000;
  const fixture = await mountWith(t, `maxcache=${maximum}`, 'chunksize=20000');
  const line = (round: number): string => `${round} ${'x'.repeat(990)}\n`;
  let written = 0;
  for (let round = 0; round < 4; round++) {
    for (; written < (round + 1) * 100; written++) append(fixture, 'app.log', line(written));
    await killOnce(fixture);
  }
  append(fixture, 'app.log', line(written));
  const chunks = readdirSync(fixture.logs).map((name) => statSync(join(fixture.logs, name)).size);
  const bytes = chunks.reduce((sum, size) => sum + size, 0);
  assert.ok(bytes <= maximum && bytes > maximum / 2, `${bytes} bytes in chunks`);
  const kept = captured(fixture, 'app.log').split(/(?<=\n)/);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => line(written - kept.length + 1 + index)),
  );
});

test('a file that was closed before a kill and removed after it gives its space back', limit, async (t) => {
  const fixture = MountFixture.prepare(t);
  const disk = await mountSmallDisk(t, 'ext4', 20);
  const mounted = await run(launcher, [fixture.mountpoint, '-o', `allow_other,root=${disk}/cache`]);
  assert.equal(mounted.code, 0, describe(mounted));
  const before = freeBytes(disk);
  writeFileSync(fixture.path('large'), Buffer.alloc(5_000_000));
  readFileSync(fixture.path('large'));
  assert.ok(freeBytes(disk) < before - 4_000_000);
  await killOnce(fixture);
  unlinkSync(fixture.path('large'));
  await eventually(() => freeBytes(disk) > before - 1_000_000, { within: 10_000, what: 'the space of the file' });
  await fixture.unmount();
});

test('a kill during an fsync is not noticed', limit, async (t) => {
  const fixture = await mountWith(t);
  const fd = openSync(fixture.path('app.log'), 'a');
  const { pid } = servingServer(fixture);
  const killer = delay(5).then(() => process.kill(pid, 'SIGKILL'));
  // From a process of its own: this one would not come to kill while it waits.
  const syncs = run('sh', [
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9; do echo $i >> "$1"; sync "$1"; done',
    'sh',
    fixture.path('app.log'),
  ]);
  await killer;
  const outcome = await syncs;
  assert.equal(outcome.code, 0, describe(outcome));
  fsyncSync(fd);
  closeSync(fd);
  assert.equal(captured(fixture, 'app.log'), '1\n2\n3\n4\n5\n6\n7\n8\n9\n');
});

test('restart replaces the server under a writer, and says by which', limit, async (t) => {
  const fixture = await mountWith(t);
  const old = servingServer(fixture).pid;
  const script = 'i=0; while [ $i -lt 3000 ]; do echo $i || exit 1; i=$((i+1)); done >> "$1"';
  const writer = run('sh', ['-c', script, 'sh', fixture.path('app.log')]);
  for (let round = 0; round < 2; round++) {
    const before = servingServer(fixture).pid;
    const said = await output(launcher, ['restart', fixture.mountpoint]);
    assert.match(
      said,
      new RegExp(`server ${before} \\(version [0-9.]+\\) was replaced by ${servingServer(fixture).pid} `),
    );
  }
  const outcome = await writer;
  assert.equal(outcome.code, 0, describe(outcome));
  assert.ok(!isRunning(old));
  assertMirroredAndCaptured(fixture, 'app.log', Array.from({ length: 3000 }, (_, line) => `${line}\n`).join(''));
  assert.match(fixture.ownLog(), /making room/);
});

test('restart of what is not mounted is refused with one line', limit, async () => {
  const outcome = await run(launcher, ['restart', '/nonexistent']);
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /^logagg-fs: no server that can be replaced serves \/nonexistent\n$/);
});

test('requests that come while nobody serves are answered, also in a mount without files', limit, async (t) => {
  const fixture = await mountWith(t);
  for (let round = 0; round < 3; round++) {
    process.kill(servingServer(fixture).pid, 'SIGKILL');
    const asking = cpus().map((_, cpu) =>
      run('taskset', ['-c', `${cpu}`, 'stat', fixture.path(`missing-${round}`)], { timeout: 30_000 }),
    );
    for (const outcome of await Promise.all(asking)) assert.match(outcome.stderr, /No such file/, describe(outcome));
    await untilServing(fixture);
  }
});

test('a server whose disk stands still is replaced, and the write that hung is done once', limit, async (t) => {
  const fixture = MountFixture.prepare(t);
  const disk = await mountSmallDisk(t, 'ext4', 20);
  mkdirSync(join(disk, 'cache'));
  writeFileSync(join(disk, 'cache/trackfiles.txt'), `${fixture.pattern('*.log')}\n`);
  const logfile = join(fixture.folder, 'own.log');
  await output(launcher, [
    fixture.mountpoint,
    '-o',
    `allow_other,root=${disk}/cache,hang=2,seal=60,provenance=off,logfile=${logfile}`,
  ]);
  const { pid } = servingServer(fixture);
  writeFileSync(fixture.path('app.log'), 'before\n');
  const script = 'exec 9>> "$1"; echo first >&9; echo ready; read go; echo line >&9';
  const writer = spawn('sh', ['-c', script, 'sh', fixture.path('app.log')], { stdio: ['pipe', 'pipe', 'inherit'] });
  fixture.after(async () => void writer.kill('SIGKILL'));
  await once(writer.stdout, 'data');
  await output('fsfreeze', ['-f', disk]);
  t.after(() => run('fsfreeze', ['-u', disk]));
  // Only the write waits for the disk: over io_uring a queue thread, while the owner of the mirror gets on.
  writer.stdin.end('go\n');
  await delay(8000);
  assert.equal(servingServer(fixture).pid, pid, 'a process that waits for a disk does not die');
  await output('fsfreeze', ['-u', disk]);
  await once(writer, 'exit');
  assert.equal(writer.exitCode, 0);
  assert.notEqual((await untilServing(fixture, pid)).pid, pid);
  await eventually(() => /no sign of life/.test(readFileSync(logfile, 'utf8')), { within: 10_000, what: 'an alarm' });
  assert.equal(readFileSync(join(disk, 'cache/mirror/app.log'), 'utf8'), 'before\nfirst\nline\n');
  assert.equal(capturedText(join(disk, 'cache/logs'), fixture.path('app.log')), 'before\nfirst\nline\n');
  await fixture.unmount();
});

test('a server that hangs is replaced, and an idle one is not', limit, async (t) => {
  const fixture = await mountWith(t, 'hang=2');
  const { pid } = servingServer(fixture);
  await delay(5000);
  assert.equal(servingServer(fixture).pid, pid, 'an idle server stays');
  process.kill(pid, 'SIGSTOP');
  const outcome = await run('sh', ['-c', 'echo line >> "$1"', 'sh', fixture.path('app.log')], { timeout: 30_000 });
  assert.equal(outcome.code, 0, describe(outcome));
  assert.notEqual((await untilServing(fixture, pid)).pid, pid);
  await eventually(() => /no sign of life/.test(fixture.ownLog()), { within: 10_000, what: 'an alarm' });
  assertMirroredAndCaptured(fixture, 'app.log', 'line\n');
});

test(
  'a mount whose servers die again and again is given up: programs write to the directory below',
  limit,
  async (t) => {
    process.env.LOGAGG_CRASH_AT = 'resumed!';
    t.after(() => delete process.env.LOGAGG_CRASH_AT);
    // As mountinfo writes it the name ends in an octal number and a digit.
    const fixture = MountFixture.prepare(t, { patterns: ['*.log'], name: 'the log 1' });
    writeFileSync(fixture.path('below'), '');
    const mounted = await fixture.runMount();
    // The first server heeds it as well, but does not come there.
    assert.equal(mounted.code, 0, describe(mounted));
    delete process.env.LOGAGG_CRASH_AT;
    append(fixture, 'app.log', 'before\n');
    process.kill(servingServer(fixture).pid, 'SIGKILL');
    await eventually(() => fuseMountAt(fixture.mountpoint) === undefined, {
      within: 60_000,
      what: 'the end of the mount',
    });
    await eventually(() => fixture.supervisorPids().length === 0, { within: 5000, what: 'the end of the supervisor' });
    assert.deepEqual(readdirSync(fixture.mountpoint), ['below']);
    assert.match(fixture.ownLog(), /"level":"fatal".*is given up: it died 8 times/);
    assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'before\n');
    assert.ok(statSync(fixture.logs).isDirectory());
  },
);
