/** The fuse-native engine: capture, its ways to begin and to end, and mounting without privileges. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { append, assertMirroredAndCaptured, captured, untilCaptureOfOpen } from '../harness/captured.js';
import { capturedText } from '../harness/chunks.js';
import { describe, eventually, output, run } from '../harness/commands.js';
import { fuseMountAt } from '../harness/fuse-mounts.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { isRunning } from '../harness/processes.js';
import { projectRoot } from '../harness/project.js';
import { headerOf, stretchesOf } from '../harness/provenance.js';
import { UnprivilegedMount } from '../harness/unprivileged-mount.js';

const limit = { timeout: 90_000 };

function mount(t: TestContext, patterns: readonly string[] = ['**'], ...options: string[]): Promise<MountFixture> {
  return MountFixture.mount(t, { patterns, options: ['engine=fuse-native', ...options] });
}

test('fuse-native: appends are mirrored and captured, and the log names the engine', limit, async (t) => {
  const fixture = await mount(t);
  for (let line = 0; line < 200; line++) append(fixture, 'app.log', `line ${line}\n`);
  const expected = Array.from({ length: 200 }, (_, line) => `line ${line}\n`).join('');
  assertMirroredAndCaptured(fixture, 'app.log', expected);
  assert.equal(readFileSync(fixture.path('app.log'), 'utf8'), expected);
  assert.match(fixture.ownLog(), /serving: engine fuse-native/);
});

test('fuse-native: a chunk has its path and times on record, and no writers', limit, async (t) => {
  const fixture = await mount(t);
  append(fixture, 'app.log', 'line\n');
  const [chunk = ''] = readdirSync(fixture.logs);
  assert.equal(headerOf(fixture, chunk).path, fixture.path('app.log'));
  assert.deepEqual(stretchesOf(fixture, chunk).map(Object.keys), [['offset', 'time']]);
});

test('fuse-native: a renamed and an unlinked open file stay in their stream', limit, async (t) => {
  const fixture = await mount(t);
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'before\n');
  renameSync(fixture.path('app.log'), fixture.path('app.log.1'));
  writeSync(fd, 'after the rename\n');
  append(fixture, 'app.log', 'new file\n');
  unlinkSync(fixture.path('app.log.1'));
  assert.deepEqual(readdirSync(fixture.mountpoint), ['app.log'], 'nothing hidden is left in sight');
  writeSync(fd, 'after the unlink\n');
  closeSync(fd);
  assert.equal(captured(fixture, 'app.log'), 'before\nafter the rename\nnew file\nafter the unlink\n');
  assert.equal(captured(fixture, 'app.log.1'), '');
});

test('fuse-native: copytruncate captures each line once', limit, async (t) => {
  const fixture = await mount(t, ['app.log*']);
  // What tells a copy of rotation from a log is the name of the command that makes it.
  const logrotate = join(fixture.folder, 'logrotate');
  copyFileSync('/bin/cp', logrotate);
  append(fixture, 'app.log', 'one\n');
  await output(logrotate, [fixture.path('app.log'), fixture.path('app.log.1')]);
  truncateSync(fixture.path('app.log'));
  append(fixture, 'app.log', 'two\n');
  assert.equal(captured(fixture, 'app.log'), 'one\ntwo\n');
  assert.equal(captured(fixture, 'app.log.1'), '');
  assert.equal(readFileSync(fixture.path('app.log.1'), 'utf8'), 'one\n');
});

test('fuse-native: a change of trackfiles.txt reaches files that are open', limit, async (t) => {
  const fixture = await mount(t, ['other.log']);
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'not tracked\n');
  fixture.writeTrackfiles(`${fixture.path('app.log')}\n`);
  await untilCaptureOfOpen(fixture, 'app.log', fd, true);
  fixture.writeTrackfiles('');
  await untilCaptureOfOpen(fixture, 'app.log', fd, false);
  closeSync(fd);
});

test(
  'fuse-native: pages written through a mapping are not captured as if a program had written them',
  limit,
  async (t) => {
    const fixture = await mount(t);
    append(fixture, 'app.log', 'line one\n');
    const script = `import mmap,sys
f = open(sys.argv[1], 'r+b')
m = mmap.mmap(f.fileno(), 0)
m[0:4] = b'LINE'
m.flush()`;
    await output('python3', ['-c', script, fixture.path('app.log')]);
    assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'LINE one\n');
    assert.equal(captured(fixture, 'app.log'), 'line one\n');
  },
);

test('fuse-native: an umount by somebody else ends the server, chunks sealed', limit, async (t) => {
  const fixture = await mount(t);
  append(fixture, 'app.log', 'line\n');
  const pid = fixture.serverPid();
  await output('umount', [fixture.mountpoint]);
  await eventually(() => !isRunning(pid), { within: 5000, what: 'the end of the server' });
  assert.match(fixture.ownLog(), /ended: chunks are sealed/);
  const [chunk = ''] = readdirSync(fixture.logs);
  assert.equal(statSync(join(fixture.logs, chunk)).mode & 0o222, 0);
});

test('fuse-native: SIGTERM ends it cleanly', limit, async (t) => {
  const fixture = await mount(t);
  append(fixture, 'app.log', 'line\n');
  const pid = fixture.serverPid();
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isRunning(pid), { within: 5000, what: 'the end of the server' });
  assert.equal(fixture.isMounted(), false);
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'line\n');
});

test('fuse-native: SIGTERM ends it although a file is open', limit, async (t) => {
  const fixture = await mount(t);
  const fd = openSync(fixture.path('app.log'), 'a');
  const pid = fixture.serverPid();
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isRunning(pid), { within: 8000, what: 'the end of the server' });
  assert.equal(fixture.isMounted(), false);
  assert.throws(() => writeSync(fd, 'too late\n'), /ENOTCONN|ECONNABORTED/);
  assert.throws(() => closeSync(fd), /ENOTCONN|ECONNABORTED/);
});

test('fuse-native: the foreground ends with the mount', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { options: ['engine=fuse-native'], foreground: true });
  append(fixture, 'app.log', 'line\n');
  await fixture.unmount();
  assert.match(fixture.foregroundStderr, /ended: chunks are sealed/);
});

test('fuse-native: the name of the source is shown as it is and brings in no options', limit, async (t) => {
  const fixture = await mount(t, ['**'], 'fsname="a,noexec"');
  const entry = fuseMountAt(fixture.mountpoint);
  assert.equal(entry?.type, 'fuse.logagg-fs');
  assert.equal(entry?.source, 'a,noexec');
});

test('fuse-native: the mountpoint may be a file system of its own and hold files', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['**'], options: ['engine=fuse-native'] });
  await output('mount', ['-t', 'tmpfs', 'below', fixture.mountpoint]);
  appendFileSync(fixture.path('hidden'), 'below the mount');
  const cleanUp = async (): Promise<void> => {
    if (fixture.isMounted()) await fixture.unmount();
    await output('umount', [fixture.mountpoint]);
  };
  fixture.after(cleanUp);
  await fixture.remount();
  assert.equal(existsSync(fixture.path('hidden')), false);
  append(fixture, 'app.log', 'line\n');
  assertMirroredAndCaptured(fixture, 'app.log', 'line\n');
});

test('fuse-native: a user without privileges mounts for himself', limit, async (t) => {
  const user = new UnprivilegedMount(t);
  const mounted = await user.mount('seal=1');
  assert.equal(mounted.code, 0, describe(mounted));
  const script = [
    'umask 027; echo one > app.log; echo two >> app.log; ln app.log link; ln -s app.log symlink; mkdir d; chmod 400 link',
    'mv app.log d/moved; touch -d @981158400 d/moved; cat symlink 2>/dev/null; cat link; stat -c "%u %g %a %h %Y" d/moved',
  ].join('; ');
  const seen = await user.script(script);
  assert.equal(seen.stdout, 'one\ntwo\n65534 65534 400 2 981158400\n', describe(seen));
  assert.equal(capturedText(user.logs, join(user.mountpoint, 'app.log')), 'one\ntwo\n');
  assert.match(readFileSync(join(user.root, 'logagg-fs.log'), 'utf8'), /engine fuse-native.*CAP_SYS_ADMIN/);
  const [pid = 0] = user.serverPids();
  process.kill(pid, 'SIGTERM');
  await eventually(() => !isRunning(pid) && !user.isMounted, { within: 5000, what: 'the end of the server' });
});

test('fuse-native: fusermount -u by the user ends the server', limit, async (t) => {
  const user = new UnprivilegedMount(t);
  const mounted = await user.mount();
  assert.equal(mounted.code, 0, describe(mounted));
  const [pid = 0] = user.serverPids();
  assert.equal((await user.run('fusermount3', ['-u', user.mountpoint])).code, 0);
  await eventually(() => !isRunning(pid), { within: 5000, what: 'the end of the server' });
});

test('fuse-native: engine=kernel for a user without privileges is refused, not replaced', limit, async (t) => {
  const user = new UnprivilegedMount(t);
  const refused = await user.mount('engine=kernel');
  assert.equal(refused.code, 5, describe(refused));
  assert.match(refused.stderr, /^logagg-fs: .*run as root.*\n$/);
  assert.equal(user.isMounted, false);
});

test('engine=auto is the kernel engine for root, and the log says why', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { options: ['engine=auto'] });
  assert.match(fixture.ownLog(), /serving: engine kernel.*this process may mount/);
});

test('fuse-native: without the package one line says what to install', limit, async (t) => {
  const fixture = MountFixture.prepare(t, {});
  // The project as it is where optional packages were left out.
  const copy = join(fixture.folder, 'project');
  mkdirSync(join(copy, 'node_modules'), { recursive: true });
  for (const part of ['bin', 'package.json']) cpSync(join(projectRoot, part), join(copy, part), { recursive: true });
  cpSync(join(projectRoot, 'dist/src'), join(copy, 'dist/src'), { recursive: true });
  for (const name of readdirSync(join(projectRoot, 'node_modules'))) {
    if (!name.startsWith('fuse-')) {
      symlinkSync(join(projectRoot, 'node_modules', name), join(copy, 'node_modules', name));
    }
  }
  const options = `root=${fixture.root},engine=fuse-native`;
  const refused = await run(join(copy, 'bin/logagg-fs'), [fixture.mountpoint, '-o', options]);
  assert.equal(refused.code, 5, describe(refused));
  assert.match(refused.stderr, /^logagg-fs: .*npm install fuse-native\n$/);
  assert.equal(fixture.isMounted(), false);
  rmSync(copy, { recursive: true });
});
