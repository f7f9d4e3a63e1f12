/** Open files: what one of them does never depends on what others do at the same moment. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, captured, untilCapture } from '../harness/captured.js';
import { output, run } from '../harness/commands.js';
import { checked, libc } from '../harness/libc.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 60_000 };

/** Opens and closes a file again and again, and prints how often that failed. */
const opener = `
  const { openSync, closeSync } = require('node:fs');
  let failures = 0;
  for (const end = Date.now() + 3000; Date.now() < end; ) {
    try {
      closeSync(openSync(process.argv[1], process.argv[2]));
    } catch {
      failures++;
    }
  }
  console.log(failures);`;

test('opens for writing succeed while others open the file for reading', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  append(fixture, 'app.log', 'x\n');
  const failures = await Promise.all(
    ['a', 'r', 'r+'].map((flags) => output(process.execPath, ['-e', opener, fixture.path('app.log'), flags])),
  );
  assert.deepEqual(failures, ['0\n', '0\n', '0\n']);
});

test('a descriptor that ceases to append writes where it is told to, and is captured', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  append(fixture, 'app.log', '0123456789');
  const fd = openSync(fixture.path('app.log'), 'a');
  const F_SETFL = 4;
  checked(libc.func('int fcntl(int, int, long)')(fd, F_SETFL, 0), 'fcntl');
  assert.equal(writeSync(fd, 'AB', 0), 2);
  closeSync(fd);
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'AB23456789');
  assert.equal(captured(fixture, 'app.log'), '0123456789AB');
});

test('a writer stays captured when its process takes the name of a rotation tool', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const script = `
    const { openSync, writeSync } = require('node:fs');
    const fd = openSync(process.argv[1], 'a');
    writeSync(fd, 'one\\n');
    process.title = 'gzip';
    process.stdin.resume();
    process.stdin.once('end', () => writeSync(fd, 'two\\n'));
    console.log('ready');`;
  const child = spawn(process.execPath, ['-e', script, fixture.path('app.log')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  fixture.writeTrackfiles(`${fixture.path('*.log')}\n${fixture.path('other.txt')}\n`);
  await untilCapture(fixture, 'other.txt', true);
  child.stdin.end();
  await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(captured(fixture, 'app.log'), 'one\ntwo\n');
});

test('thousands of hard links do not slow down opening', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log'] });
  append(fixture, 'app.log', 'x\n');
  const script = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); ln "$1" "$1.$i" || exit 1; done';
  assert.equal((await run('sh', ['-c', script, 'sh', fixture.path('app.log')])).code, 0);
  const fd = openSync(fixture.path('app.log'), 'a');
  writeSync(fd, 'y\n');
  closeSync(fd);
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'x\ny\n');
});
