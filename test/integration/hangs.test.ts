/** Nothing that takes long holds up those who do something else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { append, assertMirroredAndCaptured, captured } from '../harness/captured.js';
import { output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 120_000 };

/**
 * Starts a command, and appends lines to app.log until it has ended.
 * @returns how many lines that were
 */
function appendDuring(fixture: MountFixture, script: string, ...args: string[]): number {
  const over = join(fixture.folder, 'over');
  const child = spawn('sh', ['-c', `${script}; touch "$0"`, over, ...args], { stdio: 'ignore' });
  fixture.after(async () => void child.kill('SIGKILL'));
  const fd = openSync(fixture.path('app.log'), 'a');
  let lines = 0;
  // Without a pause: what is to be seen is that writes are answered in between.
  while (!existsSync(over)) writeSync(fd, `line ${lines++}\n`);
  closeSync(fd);
  return lines;
}

/** Holds a lock on each chunk, and keeps it open, as a collector that hangs would. */
async function holdChunks(t: TestContext, logs: string): Promise<void> {
  const paths = readdirSync(logs).map((name) => join(logs, name));
  const holders = paths.map((path) =>
    spawn('flock', [path, 'sh', '-c', 'exec 9< "$1"; echo held; sleep 100', 'sh', path]),
  );
  t.after(() => {
    for (const holder of holders) holder.kill('SIGKILL');
  });
  for (const holder of holders) await once(holder.stdout, 'data');
}

test('writes are answered while somebody lists a directory of 20,000 files', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  mkdirSync(fixture.path('many'));
  const script = 'cd "$1" && seq 20000 | xargs touch';
  await output('sh', ['-c', script, 'sh', join(fixture.mirror, 'many')]);
  const lines = appendDuring(fixture, 'ls -lR "$1"', fixture.path('many'));
  t.diagnostic(`${lines} lines`);
  assert.ok(lines > 100, `only ${lines} writes were answered`);
  assertMirroredAndCaptured(fixture, 'app.log', Array.from({ length: lines }, (_, n) => `line ${n}\n`).join(''));
});

test('writes are answered while others copy and sync large files', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const script = 'for i in 1 2 3 4; do dd if=/dev/zero of="$1/large-$i" bs=1M count=50 conv=fsync; done';
  const lines = appendDuring(fixture, script, fixture.mountpoint);
  t.diagnostic(`${lines} lines`);
  assert.ok(lines > 100, `only ${lines} writes were answered`);
  assert.equal(captured(fixture, 'app.log').split('\n').length - 1, lines);
});

test('a collector that holds chunks holds up nobody: writes, rotation, the unmount', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['chunksize=64k'] });
  const line = `${'x'.repeat(999)}\n`;
  for (let n = 0; n < 100; n++) append(fixture, 'app.log', line);
  await holdChunks(t, fixture.logs);
  for (let n = 0; n < 100; n++) append(fixture, 'app.log', line);
  await output('mv', [fixture.path('app.log'), fixture.path('app.log.1')]);
  append(fixture, 'app.log', 'new\n');
  await fixture.unmount();
  assert.equal(captured(fixture, 'app.log'), `${line.repeat(200)}new\n`);
});

test('writes are answered, and captured, while 10,000 new patterns are compiled', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const list = join(fixture.folder, 'list');
  const others = Array.from({ length: 10_000 }, (_, n) => fixture.pattern(`service-${n}/**/*-{a,b}.log`));
  writeFileSync(list, `${[fixture.pattern('*.log'), ...others].join('\n')}\n`);
  const script = 'cp "$1" "$2"; sleep 3';
  const lines = appendDuring(fixture, script, list, fixture.trackfiles);
  t.diagnostic(`${lines} lines`);
  assert.ok(lines > 100, `only ${lines} writes were answered`);
  assert.equal(captured(fixture, 'app.log').split('\n').length - 1, lines);
});

test('a pattern that backtracks for ever is left out, and files that it is about are served', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log', `+(${'a*'.repeat(12)})+(a|aa)b`] });
  const name = `${'a'.repeat(200)}.log`;
  writeFileSync(fixture.path(name), 'x\n');
  assert.equal(readFileSync(fixture.path(name), 'utf8'), 'x\n');
  append(fixture, 'app.log', 'y\n');
  assert.equal(captured(fixture, 'app.log'), 'y\n');
});
