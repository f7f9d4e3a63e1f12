/** A process that delivers to its standard output: pipes, sockets, files, terminals, and readers that stand still or go. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ended, eventually, killGroup, run } from '../../../harness/commands.js';
import { plainPlace } from '../../../harness/log-places.js';
import { compiledTest } from '../../../harness/project.js';

const limit = { timeout: 60_000 };
const program = compiledTest('harness/stdout-program.js');
const shell = (script: string) => run('bash', ['-c', script], { timeout: 50_000 });
const command = `"${process.execPath}" "${program}"`;

test('a pipe gets every byte, and stays blocking for those who share it', limit, async () => {
  // Node restores the flags when it ends: they are looked at while it waits for the reader.
  const look = 'sleep 1; grep flags /proc/$BASHPID/fdinfo/1 >&2; wait';
  const outcome = await shell(`(${command} 50 1000000 & ${look}) | (sleep 2; wc -c)`);
  assert.equal(outcome.stdout.trim(), '50000000');
  assert.match(outcome.stderr, /done/);
  const flags = Number.parseInt(/flags:\s+(\d+)/.exec(outcome.stderr)?.[1] ?? '', 8);
  assert.equal(flags & 0o4000, 0, 'O_NONBLOCK is set');
});

test('a pipe of another user is written all the same', limit, async () => {
  const outcome = await shell(`setpriv --reuid=65534 --regid=65534 --clear-groups ${command} 2 1000 | wc -c`);
  assert.match(outcome.stderr, /done/);
  assert.equal(outcome.stdout.trim(), '2000');
});

test('a file is written from where the shell has put us', limit, async (context) => {
  const file = join(plainPlace(context).folder, 'out');
  writeFileSync(file, 'before\n');
  const outcome = await shell(`(echo first; ${command} 3 1000; echo last) >> "${file}"`);
  assert.match(outcome.stderr, /done/);
  const text = readFileSync(file, 'utf8');
  assert.match(text, /^before\nfirst\n(x{99}\n){30}last\n$/);
});

test('a reader that goes away is told from other failures', limit, async () => {
  const outcome = await shell(`${command} 1000 1000000 | head -c 10`);
  assert.match(outcome.stderr, /^failed EPIPE nobody reads the standard output any more$/m);
});

test('a full disk is a failure that may pass', limit, async () => {
  assert.match((await shell(`${command} 1 1000 > /dev/full`)).stderr, /^failed ENOSPC/m);
});

test('a terminal', limit, async () => {
  const outcome = await shell(`script -q -c '${command} 2 1000' /dev/null < /dev/null`);
  assert.equal(outcome.stdout.match(/x{99}/g)?.length, 20);
});

/** Starts the program with an output that nobody reads. */
function start(context: TestContext, stdout: 'pipe' | number): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [program, '100', '1000000'], {
    detached: true,
    stdio: ['ignore', stdout, 'pipe'],
  });
  context.after(() => killGroup(child));
  let text = '';
  child.stderr?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  return { child, said: () => text };
}

async function checkStuck({ child, said }: ReturnType<typeof start>): Promise<void> {
  await eventually(() => said().includes('ticks 10'), { within: 10_000, what: 'a process that goes on' });
  child.kill('SIGTERM');
  assert.equal(await ended(child), 0);
  assert.match(said(), /failed undefined the collector ends/);
}

test('a socket that nobody reads holds up neither the process nor its end', limit, (context) =>
  checkStuck(start(context, 'pipe')),
);

test('a pipe that nobody reads holds up neither the process nor its end', limit, async (context) => {
  const fifo = join(plainPlace(context).folder, 'fifo');
  await shell(`mkfifo "${fifo}"`);
  const fd = openSync(fifo, 'r+');
  context.after(() => closeSync(fd));
  await checkStuck(start(context, fd));
});
