/** `logagg-fs setup` and `--undo` on a host of the test's own, with running writers. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { capturedText } from '../../harness/chunks.js';
import { ended, eventually, output } from '../../harness/commands.js';
import { PrivateHost } from '../../harness/private-host.js';
import { launcher } from '../../harness/project.js';
import { killEverything } from '../../harness/sudden-end.js';
import { byLength } from '../../harness/test-length.js';

const limit = { timeout: byLength(120_000, 900_000) };
const fstab = '# the host\n/dev/none /mnt/none ext4 noauto 0 0\n';
const manyDirectories = byLength(10, 100);
const filesInEach = byLength(20, 200);
const fileBytes = byLength(20_000, 100_000);

/** Says at its end how many lines it has written for certain. */
const writerScript = `exec 3>>"$2"; i=0; trap 'echo $i; exit 0' TERM
while :; do echo "$1 $((i+1))" >&3; i=$((i+1)); sleep 0.005; done`;

async function prepare(t: TestContext, directories = 1): Promise<PrivateHost> {
  const host = await PrivateHost.start(t, fstab);
  const text = `${'a line of a log\n'.repeat(Math.ceil(fileBytes / 16))}`;
  for (let directory = 0; directory < directories; directory++) {
    mkdirSync(join(host.logs, `d${directory}`), { mode: 0o750 });
    for (let file = 0; file < filesInEach; file++) {
      writeFileSync(join(host.logs, `d${directory}`, `${file}.log`), text, { mode: 0o640 });
    }
  }
  writeFileSync(join(host.logs, 'app.log'), 'old\n');
  return host;
}

const listing = (directory: string): Promise<string> =>
  output('sh', ['-c', 'find "$1" -printf "%P %y %m %U %G %s %l\n" | sort', 'sh', directory]);

/** A program that appends numbered lines to app.log. */
class Writer {
  private readonly child: ChildProcess;
  private said = '';

  constructor(
    private readonly host: PrivateHost,
    readonly id: string,
    file = 'app.log',
  ) {
    this.child = host.spawn('sh', ['-c', writerScript, 'sh', id, join(host.logs, file)]);
    this.child.stdout?.on('data', (part: Buffer) => {
      this.said += part.toString();
    });
  }

  async stop(): Promise<void> {
    const { pid } = this.child;
    if (pid !== undefined) process.kill(-pid, 'SIGTERM');
    await once(this.child, 'close');
  }

  /** Every line is in the text once, in its order. Returns how many. */
  assertComplete(text: string): number {
    const numbers = [...text.matchAll(new RegExp(`^${this.id} (\\d+)$`, 'gm'))].map((match) => Number(match[1]));
    assert.ok(this.said !== '' && numbers.length >= Number(this.said), `${numbers.length} of ${this.said}${this.id}`);
    for (const [index, number] of numbers.entries()) assert.equal(number, index + 1, `lines of ${this.id}`);
    return numbers.length;
  }

  hasWritten(): Promise<unknown> {
    const file = join(this.host.logs, 'app.log');
    return eventually(() => readFileSync(file, 'utf8').includes(`${this.id} 3\n`), { within: 10_000 });
  }
}

test('setup in place under a running writer: no line is lost, and --undo gives everything back', limit, async (t) => {
  const host = await prepare(t, manyDirectories);
  const before = await listing(host.logs);
  const old = new Writer(host, 'old-writer');
  await old.hasWritten();
  const pattern = `${host.logs}/*.log`;
  const done = await host.setup('--root', host.root, '--track', pattern, '--yes');
  assert.equal(done.code, 0, done.stderr);
  t.diagnostic(/^.* works .*$/m.exec(done.stdout)?.[0] ?? '');
  assert.match(done.stdout, /restart process \d+ \(sh\) {4}# .*app\.log/);
  assert.match(await host.read('/etc/fstab'), /^# the host\n\/dev\/none .*\nlogagg-fs .* logagg-fs root=.*\n$/);
  assert.equal(await host.read('/usr/sbin/mount.logagg-fs').then(() => true), true);
  const impatient = await host.setup('--root', host.root, '--yes', '--restart', '--wait', '1');
  assert.match(impatient.stdout, /processes that are no service stay as they are/);
  assert.match(impatient.stdout, /After 1 s these still write .* not captured/);
  await old.stop();
  const fresh = new Writer(host, 'new-writer');
  await eventually(async () => (await host.read(join(host.logs, 'app.log'))).includes('new-writer 20\n'), {
    within: 10_000,
  });
  await fresh.stop();
  const text = await host.read(join(host.logs, 'app.log'));
  old.assertComplete(text);
  const captured = capturedText(join(host.root, 'logs'), join(host.logs, 'app.log'));
  assert.equal(fresh.assertComplete(captured), fresh.assertComplete(text));

  const again = await host.setup('--root', host.root, '--track', pattern, '--yes');
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /set up already/);

  for (const name of readdirSync(join(host.root, 'logs'))) rmSync(join(host.root, 'logs', name));
  const undone = await host.setup('--undo', '--yes');
  assert.equal(undone.code, 0, undone.stderr);
  assert.equal(await host.read('/etc/fstab'), fstab);
  assert.equal(existsSync(host.root), false, undone.stdout);
  assert.equal((await host.run('test', ['-e', '/usr/sbin/mount.logagg-fs'])).code, 1);
  assert.equal(readFileSync(join(host.logs, 'app.log'), 'utf8'), text);
  writeFileSync(join(host.logs, 'app.log'), 'old\n');
  assert.equal(await listing(host.logs), before);
});

test('setup --copy under running writers: no line between the copy and the restart is lost', limit, async (t) => {
  const host = await prepare(t, manyDirectories);
  const before = await listing(host.logs);
  const old = [new Writer(host, 'old-a'), new Writer(host, 'old-b')];
  for (const writer of old) await writer.hasWritten();
  const args = ['setup', host.logs, '--root', host.root, '--track', `${host.logs}/*.log`, '--copy', '--yes'];
  const command = host.spawn(launcher, args);
  let said = '';
  command.stdout?.on('data', (part: Buffer) => {
    said += part.toString();
  });
  command.stderr?.on('data', (part: Buffer) => {
    said += part.toString();
  });
  await eventually(() => said.includes('restart process'), { within: limit.timeout });
  const fresh = new Writer(host, 'fresh');
  await delay(300);
  for (const writer of old) await writer.stop();
  assert.equal(await ended(command), 0, said);
  t.diagnostic(/ works .*$/m.exec(said)?.[0] ?? '');
  await fresh.stop();
  assert.match(said, /[1-9]\d* bytes that were written after the copy were brought along/);
  const text = await host.read(join(host.logs, 'app.log'));
  for (const writer of [...old, fresh]) writer.assertComplete(text);
  assert.equal(readFileSync(join(host.root, 'mirror/app.log'), 'utf8'), text);

  const undone = await host.setup('--undo', '--yes');
  assert.equal(undone.code, 0, undone.stderr);
  assert.match(undone.stdout, /chunks are not collected yet/);
  assert.equal(readFileSync(join(host.logs, 'app.log'), 'utf8'), text);
  assert.equal(await host.read('/etc/fstab'), fstab);
  writeFileSync(join(host.logs, 'app.log'), 'old\n');
  assert.equal(await listing(host.logs), before);
});

test('--dry-run, and a question that nobody can answer, change nothing', limit, async (t) => {
  const host = await prepare(t);
  const dry = await host.setup('--root', host.root, '--dry-run');
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /add to \/etc\/fstab: logagg-fs .*inplace,nofail/);
  const asked = await host.setup('--root', host.root);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /--yes/);
  assert.equal(await host.read('/etc/fstab'), fstab);
  assert.equal(existsSync(host.root), false);
});

test('a step that fails takes the steps before it back', limit, async (t) => {
  const host = await prepare(t);
  await host.run('sh', ['-c', 'printf "#!/bin/sh\necho no luck >&2; exit 1\n" > /usr/sbin/mount.logagg-fs']);
  await host.run('chmod', ['755', '/usr/sbin/mount.logagg-fs']);
  const outcome = await host.setup('--root', host.root, '--yes', '--track', `${host.logs}/*.log`);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /no luck/);
  assert.equal(await host.read('/etc/fstab'), fstab);
  assert.equal(existsSync(host.root), false);
  assert.deepEqual(host.mountsAt(host.logs), []);
});

test('a mountpoint that is a file system of its own in fstab is refused', limit, async (t) => {
  const host = await prepare(t);
  await host.run('sh', ['-c', 'echo "/dev/sdz9 $1/ ext4 defaults 0 2" > /etc/fstab', 'sh', host.logs]);
  const outcome = await host.setup('--root', host.root, '--yes');
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /line 1 of \/etc\/fstab mounts \/dev\/sdz9/);
  assert.equal(existsSync(host.root), false);
});

test('on a terminal it asks, and shows a progress bar', limit, async (t) => {
  const host = await prepare(t, 5);
  const command = `${launcher} setup ${host.logs} --root ${host.root} --copy`;
  const answered = (input: string) => host.run('script', ['-qec', command, '/dev/null'], { input });
  const refused = await answered('n\n');
  assert.match(refused.stdout, /Do this\? \[y\/N\]/);
  assert.match(refused.stdout, /nothing was changed/);
  assert.equal(existsSync(host.root), false);
  const agreed = await answered('y\n');
  assert.match(agreed.stdout, /copy .*100% \| 10\d of 106 entries/);
  assert.match(agreed.stdout, /is mounted and works/);
});

test('--io-uring switches it on for this boot and the next, and --undo off', limit, async (t) => {
  const host = await prepare(t);
  const [parameter, file] = ['/sys/module/fuse/parameters/enable_uring', '/etc/modprobe.d/logagg-fs.conf'];
  // Not the kernel's own, which the whole machine shares.
  writeFileSync(join(host.folder, 'parameter'), 'N');
  const bound = await host.run('mount', ['--bind', join(host.folder, 'parameter'), parameter]);
  if (bound.code !== 0) return t.skip('this kernel has no FUSE over io_uring');
  const done = await host.setup('--root', host.root, '--yes', '--io-uring');
  assert.equal(done.code, 0, done.stderr);
  assert.match(await host.read(file), /^options fuse enable_uring=1$/m);
  assert.equal(await host.read(parameter), 'Y');
  const undone = await host.setup('--undo', '--yes');
  assert.equal(undone.code, 0, undone.stderr);
  assert.equal((await host.run('test', ['-e', file])).code, 1);
  assert.equal(await host.read(parameter), 'N');
});

test('--undo after the server was killed takes both mounts away', limit, async (t) => {
  const host = await prepare(t);
  const before = await listing(host.logs);
  assert.equal((await host.setup('--root', host.root, '--yes')).code, 0);
  await killEverything(host.folder);
  const undone = await host.setup('--undo', '--yes');
  assert.equal(undone.code, 0, undone.stderr);
  assert.deepEqual([...host.mountsAt(host.logs), ...host.mountsAt(join(host.root, 'mirror'))], []);
  assert.equal(await listing(host.logs), before);
});
