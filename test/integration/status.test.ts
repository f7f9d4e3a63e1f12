/** `logagg-fs status` of a mount that serves, of one whose server hangs or is dead, and where nothing is mounted. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FullStatus, fullStatus } from '../../src/status/status-document.js';
import { ended, eventually, type Outcome, output, run } from '../harness/commands.js';
import { abortAndDetach, fuseMountAt } from '../harness/fuse-mounts.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { launcher, nobody } from '../harness/project.js';

const limit = { timeout: 60_000 };
const patterns = ['**/*.log'];

const status = (...args: string[]): Promise<Outcome> => run(launcher, ['status', ...args], { timeout: 20_000 });

async function json(...args: string[]): Promise<FullStatus> {
  return fullStatus.parse(JSON.parse((await status(...args, '--json')).stdout));
}

/** Streams are known within a second. */
function eventuallyStatus(place: string, isRight: (now: FullStatus) => boolean): Promise<FullStatus | undefined> {
  const look = async (): Promise<FullStatus | undefined> => {
    const now = await json(place);
    return isRight(now) ? now : undefined;
  };
  return eventually(look, { within: 15_000, what: 'the status' });
}

test('a mount that serves tells what each stream has captured, to the byte and to the line', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns, options: ['chunksize=1000'] });
  const text = Array.from({ length: 500 }, (_, index) => `line ${index}\n`).join('');
  writeFileSync(fixture.path('a.log'), text);
  appendFileSync(fixture.path('a.log'), 'half a line');
  writeFileSync(fixture.path('b.log'), 'one\n');
  writeFileSync(fixture.path('c.txt'), 'not tracked\n');
  for (const place of [fixture.mountpoint, fixture.root]) {
    const now = await eventuallyStatus(place, ({ streams }) => streams.length === 2);
    assert.deepEqual(
      now?.streams.map(({ path, capturedBytes, capturedLines }) => [path, capturedBytes, capturedLines]),
      [
        [fixture.path('a.log'), text.length + 11, 500],
        [fixture.path('b.log'), 4, 1],
      ],
    );
    assert.equal(now?.backlog.bytes, text.length + 15);
    assert.equal(now?.backlog.chunks, readdirSync(fixture.logs).length);
    assert.deepEqual([now?.server.state, now?.server.status?.requestLoop], ['running', 'answers']);
    assert.deepEqual([now?.mountpoint, now?.isMounted], [fixture.mountpoint, true]);
    const writes = now?.server.status?.operations.find(({ kind }) => kind === 'write');
    assert.ok((writes?.count ?? 0) >= 4, 'writes are counted');
  }
});

test('numbers of a stream outlive it, and who reads the table sees them', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns, options: ['seal=0.1'] });
  writeFileSync(fixture.path('a.log'), 'one\ntwo\n');
  await eventuallyStatus(fixture.root, ({ streams: [stream] }) => stream?.liveChunk === null);
  for (const chunk of readdirSync(fixture.logs)) rmSync(join(fixture.logs, chunk));
  await eventuallyStatus(fixture.root, ({ backlog }) => backlog.chunks === 0);
  const { code, stdout } = await status(fixture.mountpoint);
  assert.equal(code, 0);
  assert.match(stdout, /running for \d+ s, pid \d+/);
  assert.match(stdout, /a\.log +8 B +2 +0 B +0 +0 B +0/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  assert.doesNotMatch(stdout, /\x1b/, 'no colours in a pipe');
});

test('lost bytes are told by stream, within a second or so', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns, options: ['maxcache=10k', 'full=drop-new'] });
  writeFileSync(fixture.path('a.log'), `${'x'.repeat(9_999)}\n`);
  writeFileSync(fixture.path('b.log'), '123456\n'.repeat(1000));
  const now = await eventuallyStatus(fixture.root, ({ streams }) =>
    streams.some(({ droppedBytes }) => droppedBytes > 0),
  );
  const lost = now?.streams.find(({ path }) => path.endsWith('b.log'));
  assert.deepEqual([lost?.droppedBytes, lost?.droppedLines], [7000, 1000]);
  assert.equal(now?.server.status?.captured.droppedBytes, 7000);
});

test('a server that hangs is said to, and what waits is counted all the same', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  writeFileSync(fixture.path('a.log'), 'one\n');
  const pid = fixture.serverPid();
  process.kill(pid, 'SIGSTOP');
  try {
    const { code, stdout } = await status(fixture.mountpoint);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`does not answer: process ${pid} does not answer within 3 s`));
    assert.match(stdout, /waiting +4 B in 1 chunk/);
    assert.match(stdout, /a\.log/, 'its path is known from meta/');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.equal((await status(fixture.mountpoint)).code, 0);
});

test('a server that is dead is said to be, and its socket does not stop the next one', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  writeFileSync(fixture.path('a.log'), 'one\n');
  await fixture.kill();
  const dead = await json(fixture.root);
  assert.deepEqual(
    [dead.server.state, dead.backlog.bytes, dead.streams[0]?.path],
    ['absent', 4, fixture.path('a.log')],
  );
  const { code, stderr } = await status(fixture.mountpoint);
  assert.deepEqual([code, stderr.split('\n').length], [3, 2], stderr);
  const mount = fuseMountAt(fixture.mountpoint);
  if (mount !== undefined) abortAndDetach(mount);
  await fixture.remount();
  assert.equal((await json(fixture.root)).server.state, 'running');
});

test('a server that was killed and replaced is counted, and streams keep their numbers', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns, options: ['transport=device'] });
  writeFileSync(fixture.path('a.log'), 'one\n');
  process.kill(fixture.serverPid(), 'SIGKILL');
  appendFileSync(fixture.path('a.log'), 'two\n');
  const now = await eventuallyStatus(fixture.root, ({ server }) => server.status?.restarts === 1);
  assert.deepEqual([now?.server.state, now?.streams[0]?.capturedLines], ['running', 2]);
  assert.match((await status(fixture.root)).stdout, /, 1 restart/);
});

test('after an unmount nobody is there, and the socket is gone', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  writeFileSync(fixture.path('a.log'), 'one\n');
  await fixture.unmount();
  const { isMounted, server, backlog } = await json(fixture.root);
  assert.deepEqual([isMounted, server.state, backlog.bytes], [false, 'absent', 4]);
  assert.ok(!readdirSync(fixture.root).includes('status.sock'));
});

test('a mistake is one line that says what to do', limit, async (t) => {
  const fixture = MountFixture.prepare(t, {});
  for (const [args, message] of [
    [[fixture.mountpoint], /is neither a mountpoint of logagg-fs nor a log cache/],
    [['/', '--json', '--watch'], /exclude each other/],
    [['/', '--watch'], /needs a terminal/],
  ] as const) {
    const { code, stderr } = await status(...args);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1);
    assert.notEqual(code, 0);
  }
});

test('only who may read the log cache may ask: root, and with group= its members', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { options: ['group=daemon'] });
  const gid = Number((await output('id', ['-g', 'daemon'])).trim());
  const ask = (groups: readonly number[]): Promise<Outcome> =>
    run(launcher, ['status', fixture.root, '--json'], { uid: nobody, gid: nobody, groups });
  assert.equal((await ask([gid])).code, 0);
  assert.notEqual((await ask([])).code, 0);
});

test('ten thousand streams: status has all of them, and writers go on meanwhile', limit, async (t) => {
  // Sealed soon, because live chunks are open files: the hard limit here may be 20,000.
  const fixture = await MountFixture.mount(t, { patterns, options: ['seal=0.5'] });
  const count = 10_000;
  for (let index = 0; index < count; index++) writeFileSync(fixture.path(`${index}.log`), 'x\n');
  const asking = eventuallyStatus(fixture.root, ({ streams, backlog }) => {
    return streams.length === count && backlog.chunks >= count;
  });
  for (let index = 0; index < 1000; index++) appendFileSync(fixture.path(`${index}.log`), 'y\n');
  await asking;
  await eventuallyStatus(fixture.root, ({ server }) => server.status?.captured.lines === count + 1000);
});

/** `status --watch` on a terminal of its own (util-linux' script), of 100 by 30 characters. */
class Watching {
  screen = '';
  private readonly child;

  constructor(t: TestContext, root: string) {
    const command = `stty cols 100 rows 30; exec ${launcher} status ${root} --watch`;
    this.child = spawn('script', ['-qfec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
      env: { ...process.env, NO_COLOR: '1' },
    });
    this.child.stdout.setEncoding('utf8').on('data', (part: string) => {
      this.screen += part;
    });
    t.after(() => this.child.kill('SIGKILL'));
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  async shows(pattern: RegExp): Promise<void> {
    await eventually(() => pattern.test(this.screen), { within: 15_000, what: `a screen with ${pattern}` });
  }

  /** Whole screens, as lines. */
  frames(): string[][] {
    return this.screen
      .split('\x1b[H')
      .slice(1)
      .map((frame) => frame.split('\r\n'));
  }

  async end(): Promise<number | null> {
    await ended(this.child);
    return this.child.exitCode;
  }

  /** The process on the terminal, and the terminal. */
  async process(): Promise<{ pid: number; terminal: string }> {
    const children = readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8');
    const pid = Number(children.trim().split(' ')[0]);
    return { pid, terminal: readlinkSync(`/proc/${pid}/fd/0`) };
  }
}

const LEFT = '\x1b[?25h\x1b[?1049l';

test('the live screen shows what happens, follows the terminal’s size, and gives it back at q', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  const watching = new Watching(t, fixture.root);
  await watching.shows(/running for/);
  writeFileSync(fixture.path('new.log'), 'one\n');
  await watching.shows(/new\.log +4 B/);
  const { terminal } = await watching.process();
  watching.screen = '';
  await output('stty', ['-F', terminal, 'cols', '60', 'rows', '12']);
  const hasFrame = (): boolean => watching.frames().some((rows) => rows.length === 12);
  await eventually(hasFrame, { within: 10_000, what: 'a screen of the new size' });
  watching.type('q');
  assert.equal(await watching.end(), 0);
  assert.ok(watching.screen.trimEnd().endsWith(LEFT), 'the terminal is as before');
});

test('a signal ends the live screen, and gives the terminal back', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns });
  const watching = new Watching(t, fixture.root);
  await watching.shows(/running for/);
  const { pid, terminal } = await watching.process();
  process.kill(pid, 'SIGTERM');
  await watching.end();
  assert.ok(watching.screen.includes(LEFT), terminal);
});
