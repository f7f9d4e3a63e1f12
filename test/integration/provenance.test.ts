/** Who wrote what, and when: `meta/`, on real mounts with writers that are real processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, captured } from '../harness/captured.js';
import { chunksOf, isSealed } from '../harness/chunks.js';
import { eventually, output, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { launcher } from '../harness/project.js';
import { headerOf, metaFileOf, type Stretch, stretchesOf, writtenTo } from '../harness/provenance.js';

const limit = { timeout: 90_000 };
const nobody = { uid: 65534, gid: 65534 };

function onlyChunk(fixture: MountFixture, name: string): string {
  const [chunk, ...others] = chunksOf(fixture.logs, fixture.path(name));
  if (chunk === undefined || others.length > 0) throw new Error(`${others.length} more chunks of ${name} than one`);
  return chunk;
}

/** Nanoseconds as milliseconds. */
const millisecondsOf = ({ time }: Stretch): number => Number(BigInt(time) / 1_000_000n);

interface Writer {
  readonly pid: number;
  write(text: string): Promise<void>;
}

/** A shell that writes what it is told to, until it is told to end. */
async function writerOn(fixture: MountFixture, path: string, ...prefix: string[]): Promise<Writer> {
  const script = `exec 3>>"$1"; while read -r line; do printf '%s\\n' "$line" >&3; echo; done`;
  const [command = 'sh', ...args] = [...prefix, 'sh', '-c', script, 'writer', path];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  fixture.after(async () => void child.kill('SIGKILL'));
  return {
    pid: child.pid ?? 0,
    write: async (text: string): Promise<void> => {
      const done = once(child.stdout, 'data');
      child.stdin.write(`${text}\n`);
      await done;
    },
  };
}

test('each writer has its own bytes: pid, uid, gid and command at the byte where they change', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  writeFileSync(fixture.path('app.log'), '');
  chmodSync(fixture.path('app.log'), 0o666);
  const root = await writerOn(fixture, fixture.path('app.log'));
  const user = await writerOn(
    fixture,
    fixture.path('app.log'),
    ...['setpriv', '--reuid=65534', '--regid=65533', '--clear-groups', '--'],
  );
  const expected: [text: string, pid: number, uid: number, gid: number][] = [];
  for (const text of ['one', 'zwei', 'é']) {
    await root.write(`${text} root`);
    expected.push([`${text} root\n`, root.pid, 0, 0]);
    await user.write(`${text} user`);
    expected.push([`${text} user\n`, user.pid, 65534, 65533]);
  }
  const written = writtenTo(fixture, 'app.log');
  assert.deepEqual(
    written.map(({ text, pid, uid, gid }) => [text, pid, uid, gid]),
    expected,
  );
  for (const { command } of written) assert.match(command ?? '', /^sh -c exec 3>>.* writer \/.*app\.log$/);
});

test('the time of a stretch is that of its bytes, to the second', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  const lines: { text: string; before: number; after: number }[] = [];
  await eventually(
    () => {
      const before = Date.now();
      const text = `line ${lines.length}\n`;
      writeSync(fd, text);
      lines.push({ text, before, after: Date.now() });
      return before - (lines[0]?.before ?? 0) > 2500;
    },
    { within: 30_000 },
  );
  closeSync(fd);
  const chunk = onlyChunk(fixture, 'app.log');
  await eventually(() => isSealed(chunk), { within: 30_000, what: 'the seal' });
  const written = writtenTo(fixture, 'app.log');
  assert.ok(written.length >= 3, `${written.length} stretches`);
  for (const stretch of written) {
    const time = millisecondsOf(stretch);
    for (const text of stretch.text.split(/(?<=\n)/)) {
      const line = lines.find((candidate) => candidate.text === text);
      assert.ok(line !== undefined && time <= line.after && time > line.before - 1000, `${text} at ${time}`);
    }
  }
  assert.equal(written.map(({ text }) => text).join(''), lines.map(({ text }) => text).join(''));
});

test('a writer that ends at once has its command', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'first\n');
  for (const text of ['a', 'b']) await output('sh', ['-c', `echo ${text} >> ${fixture.path('app.log')}`]);
  const written = writtenTo(fixture, 'app.log').slice(1);
  assert.deepEqual(
    written.map(({ text, command }) => [text, command]),
    ['a', 'b'].map((text) => [`${text}\n`, `sh -c echo ${text} >> ${fixture.path('app.log')}`]),
  );
});

test('the command of a program with many threads comes a moment later', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'x\n');
  const command = readFileSync('/proc/self/cmdline', 'utf8').slice(0, 1024).replace(/\0+$/, '').replaceAll('\0', ' ');
  assert.ok(command.length > 10);
  await eventually(() => writtenTo(fixture, 'app.log')[0]?.command === command, {
    within: 10_000,
    what: 'the command',
  });
  const [stretch, ...others] = writtenTo(fixture, 'app.log');
  assert.deepEqual([stretch?.text, stretch?.pid, others], ['x\n', process.pid, []]);
});

test('a program that a shell turns into is named by its next second', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const script = 'echo a; exec perl -e \'$| = 1; for (1 .. 40) { print "b\\n"; select undef, undef, undef, 0.1 }\'';
  await output('sh', ['-c', `exec >> ${fixture.path('app.log')}; ${script}`]);
  const written = writtenTo(fixture, 'app.log');
  assert.match(written[0]?.command ?? '', /^sh -c exec /);
  await eventually(() => writtenTo(fixture, 'app.log').at(-1)?.command?.startsWith('perl -e $| = 1; for'), {
    within: 10_000,
    what: 'the command line of perl',
  });
  assert.equal(new Set(written.map(({ pid }) => pid)).size, 1);
});

test('a command with odd bytes is one line of JSON, and a long one is cut', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const path = fixture.path('app.log');
  const odd = '"\\ \n\t\u0001\u007f\u2028é';
  await output('sh', ['-c', 'echo x >> "$1"', 'sh', path, odd]);
  await output('sh', [
    '-c',
    'exec perl -e \'open F, q(>>), shift; print F qq(x\\n)\' "$1" "$(printf \'a\\377b\')"',
    'sh',
    path,
  ]);
  await output('sh', ['-c', 'echo x >> "$1"', 'sh', path, 'é'.repeat(2000)]);
  const [first, second, third] = writtenTo(fixture, 'app.log').map(({ command = '' }) => command);
  assert.equal(first, `sh -c echo x >> "$1" sh ${path} ${odd}`);
  assert.ok(second?.endsWith(' a\ufffdb'), second);
  assert.match(third ?? '', /é$/);
  assert.ok([1023, 1024].includes(Buffer.byteLength(third ?? '')));
});

test('the path is the one at open, through rotation', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'before\n');
  renameSync(fixture.path('app.log'), fixture.path('old.log'));
  writeSync(fd, 'after\n');
  closeSync(fd);
  append(fixture, 'app.log', 'new\n');
  append(fixture, 'old.log', 'other\n');
  for (const name of ['app.log', 'old.log']) {
    const { version, path, ...others } = headerOf(fixture, onlyChunk(fixture, name));
    assert.deepEqual([version, path, others], [1, fixture.path(name), {}]);
  }
  assert.equal(captured(fixture, 'app.log'), 'before\nafter\nnew\n');
});

test('a path that is not UTF-8 is there byte for byte', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const path = Buffer.concat([Buffer.from(fixture.path('a')), Buffer.from([0xff, 0x22, 0x2e, 0x6c, 0x6f, 0x67])]);
  writeFileSync(path, 'x\n');
  const [chunk = ''] = readdirSync(fixture.logs);
  const header = headerOf(fixture, chunk);
  assert.equal(header.path, path.toString());
  assert.deepEqual(Buffer.from(header.pathBase64 ?? '', 'base64'), path);
});

test('every chunk has a file of its own that begins at byte 0', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=1000'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  for (let line = 0; line < 50; line++) writeSync(fd, `${'x'.repeat(99)}\n`);
  writeSync(fd, `${'y'.repeat(9000)}\n`);
  closeSync(fd);
  const chunks = chunksOf(fixture.logs, fixture.path('app.log'));
  assert.ok(chunks.length > 5);
  for (const chunk of chunks) {
    assert.equal(headerOf(fixture, chunk).path, fixture.path('app.log'));
    const [first] = stretchesOf(fixture, chunk);
    assert.deepEqual([first?.offset, first?.pid, first?.uid], [0, process.pid, 0]);
  }
});

test('more writers than can be told apart lose no bytes, and the file stays small', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const path = fixture.path('app.log');
  const script = 'i=0; while [ $i -lt 500 ]; do echo $$ >&3; i=$((i + 1)); done';
  const started = Date.now();
  await output('sh', ['-c', `for w in 1 2 3 4; do sh -c '${script}' 3>>"$1" & done; wait`, 'sh', path]);
  const seconds = Math.ceil((Date.now() - started) / 1000) + 1;
  const written = writtenTo(fixture, 'app.log');
  assert.equal(
    written
      .map(({ text }) => text)
      .join('')
      .split('\n').length,
    2001,
  );
  const lines = stretchesOf(fixture, onlyChunk(fixture, 'app.log')).length;
  assert.ok(lines <= 16 * seconds, `${lines} stretches in ${seconds} s`);
  const [first] = written;
  assert.ok(first?.text.startsWith(`${first.pid}\n`), 'the first writer wrote its own pid');
});

test('a restart keeps what is known, and removes it with the chunk', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'one\n');
  append(fixture, 'other.log', 'gone\n');
  const gone = onlyChunk(fixture, 'other.log');
  await fixture.unmount();
  const foreign = ['x.ndjson', 'progress.json'].map((name) => join(fixture.root, 'meta', name));
  for (const file of foreign) writeFileSync(file, '');
  rmSync(gone);
  await fixture.remount();
  append(fixture, 'app.log', 'two\n');
  assert.deepEqual(
    writtenTo(fixture, 'app.log').map(({ text, pid }) => [text, pid]),
    [
      ['one\n', process.pid],
      ['two\n', process.pid],
    ],
  );
  await eventually(() => !existsSync(metaFileOf(fixture, gone)), { within: 20_000, what: 'the removal' });
  for (const file of [...foreign, join(fixture.root, 'meta', 'clock')]) assert.ok(existsSync(file), file);
});

test('a chunk that is deleted while it is written takes its file along', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', 'one\n');
  const gone = onlyChunk(fixture, 'app.log');
  rmSync(gone);
  append(fixture, 'app.log', 'two\n');
  assert.equal(existsSync(metaFileOf(fixture, gone)), false);
  assert.deepEqual(
    writtenTo(fixture, 'app.log').map(({ text }) => text),
    ['two\n'],
  );
});

test(
  'without a meta/ it is made again; where it can not be, lines are captured and the log says so',
  limit,
  async (t) => {
    const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=10'] });
    const meta = join(fixture.root, 'meta');
    append(fixture, 'app.log', 'one two three\n');
    renameSync(meta, `${meta}.away`);
    append(fixture, 'app.log', 'four five six\n');
    assert.equal(readdirSync(meta).length, 1);
    assert.equal(statSync(meta).mode & 0o777, 0o700);
    rmSync(meta, { recursive: true });
    writeFileSync(meta, '');
    append(fixture, 'app.log', 'seven eight\n');
    assert.equal(captured(fixture, 'app.log'), 'one two three\nfour five six\nseven eight\n');
    await eventually(() => fixture.ownLog().includes('who wrote what could not be recorded'), {
      within: 10_000,
      what: 'a line in the own log',
    });
    assert.match(fixture.ownLog(), /"meta":"[^"]*meta","reason":"ENOTDIR","writes":1/);
    rmSync(meta);
    renameSync(`${meta}.away`, meta);
  },
);

test('a full disk for meta/ costs lines there, never captured ones, and never half a line', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'], options: ['chunksize=100'] });
  const meta = join(fixture.root, 'meta');
  mkdirSync(meta);
  await output('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', meta]);
  try {
    await fixture.remount();
    const lines = Array.from({ length: 60 }, (_, line) => `${line} ${'x'.repeat(200)}\n`);
    for (const line of lines) append(fixture, 'app.log', line);
    assert.equal(captured(fixture, 'app.log'), lines.join(''));
    await eventually(() => fixture.ownLog().includes('"reason":"ENOSPC"'), {
      within: 10_000,
      what: 'a line in the log',
    });
    const files = readdirSync(meta).filter((name) => name.endsWith('.ndjson'));
    assert.ok(files.length > 3);
    for (const name of files) assert.match(readFileSync(join(meta, name), 'utf8'), /^$|\n$/, name);
  } finally {
    await fixture.unmount();
    await output('umount', [meta]);
  }
});

test('nobody but root can read it; with group= that group can', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: [`group=${nobody.gid}`] });
  append(fixture, 'app.log', 'x\n');
  // The fixture has made it, for root alone.
  chmodSync(fixture.root, 0o755);
  const file = metaFileOf(fixture, onlyChunk(fixture, 'app.log'));
  assert.deepEqual([statSync(file).mode & 0o777, statSync(file).uid, statSync(file).gid], [0o640, 0, nobody.gid]);
  assert.equal((await run('cat', [file], nobody)).code, 0);
  assert.notEqual((await run('cat', [file], { uid: 65534, gid: 1 })).code, 0);
  const closed = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(closed, 'app.log', 'x\n');
  const closedFile = metaFileOf(closed, onlyChunk(closed, 'app.log'));
  assert.equal(statSync(closedFile).mode & 0o777, 0o600);
  assert.equal(statSync(join(closed.root, 'meta')).mode & 0o777, 0o700);
  assert.notEqual((await run('cat', [closedFile], nobody)).code, 0);
});

test('a writer outside of the pid namespace of the mount has no pid and no command, but its uid', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  const server = spawn('unshare', ['--pid', '--fork', '--kill-child', launcher, ...fixture.mountArguments(), '-f'], {
    stdio: 'ignore',
  });
  fixture.after(async () => void (await run('umount', ['-l', fixture.mountpoint])));
  fixture.after(async () => void server.kill('SIGKILL'));
  await eventually(() => fixture.isMounted(), { within: 20_000, what: 'the mount' });
  await output('sh', ['-c', `echo x >> ${fixture.path('app.log')}`]);
  const { pid, uid, gid, command } = stretchesOf(fixture, onlyChunk(fixture, 'app.log'))[0] ?? {};
  assert.deepEqual([pid, uid, gid, command], [0, 0, 0, '']);
  await output('umount', [fixture.mountpoint]);
  if (server.exitCode === null) await once(server, 'exit');
});

test('provenance=off writes nothing', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['provenance=off'] });
  append(fixture, 'app.log', 'x\n');
  await output('sh', ['-c', `echo y >> ${fixture.path('app.log')}`]);
  assert.equal(captured(fixture, 'app.log'), 'x\ny\n');
  assert.deepEqual(
    readdirSync(join(fixture.root, 'meta')).filter((name) => name.endsWith('.ndjson')),
    [],
  );
});
