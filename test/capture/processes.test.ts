/** Who a thread is, by the processes of this host. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { CommandLines } from '../../src/capture/command-lines.js';
import { Processes } from '../../src/capture/processes.js';

const limit = { timeout: 30_000 };

describe('processes', () => {
  let asked: number[];
  let processes: Processes;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    asked = [];
    processes = new Processes({ ask: (pid) => asked.push(pid) });
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    child = undefined;
  });

  /** A program that says something once it runs, and waits for a line. */
  async function start(command: string, ...args: string[]): Promise<number> {
    child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child.pid ?? 0;
  }

  test('the command line of a process with one thread is read at once', limit, async () => {
    const script = 'echo; read x; read y # é\t"\u0001';
    const pid = await start('sh', '-c', script);
    assert.deepEqual(identity(processes.identifyWaiting(pid, 1)), [pid, `sh -c ${script}`, false]);
    assert.deepEqual(asked, []);
  });

  test('a thread is its process; with more than one the command line is asked for', limit, () => {
    const threads = readdirSync('/proc/self/task').map(Number);
    assert.ok(threads.length > 1);
    const name = readFileSync('/proc/self/comm', 'utf8').trimEnd();
    for (const thread of threads) {
      const [pid, , isProvisional] = identity(processes.identifyWaiting(thread, 1));
      assert.deepEqual([pid, isProvisional], [process.pid, true]);
    }
    assert.equal(processes.identifyWaiting(process.pid, 1).command, name);
    assert.ok(asked.includes(process.pid));
    processes.learn(process.pid, 'node test');
    assert.equal(processes.identifyWaiting(process.pid, 2).command, 'node test');
    assert.equal(processes.identifyWaiting(process.pid, 2).isProvisional, false);
  });

  test('a process that has gone is what it was', limit, async () => {
    const pid = await start('sh', '-c', 'echo; read x');
    processes.identifyWaiting(pid, 1);
    child?.stdin?.end();
    if (child) await once(child, 'exit');
    assert.deepEqual(identity(processes.identifyAgain(pid, 2)), [pid, 'sh -c echo; read x', false]);
    assert.deepEqual(identity(processes.identifyWaiting(pid, 3)), [pid, 'sh -c echo; read x', false]);
  });

  test('a program that replaces another is noticed by its name, and its command line asked for', limit, async () => {
    const pid = await start('sh', '-c', 'echo; read x; exec cat - /dev/null');
    processes.identifyWaiting(pid, 1);
    child?.stdin?.write('go\nhello\n');
    if (child?.stdout) await once(child.stdout, 'data');
    assert.equal(processes.identifyAgain(pid, 1).command, 'sh -c echo; read x; exec cat - /dev/null');
    assert.deepEqual(identity(processes.identifyAgain(pid, 2)), [pid, 'cat', true]);
    assert.deepEqual(asked, [pid]);
    assert.equal(processes.identifyWaiting(pid, 3).command, 'cat - /dev/null');
  });

  test('nobody is known outside of the pid namespace, nor a process that never was', limit, () => {
    assert.deepEqual(identity(processes.identifyWaiting(0, 1)), [0, '', false]);
    assert.deepEqual(identity(processes.identifyAgain(0, 1)), [0, '', false]);
    assert.deepEqual(identity(processes.identifyWaiting(0x7fffffff, 1)), [0x7fffffff, '', false]);
  });

  test('a name that looks like a line of /proc/PID/status is a name', limit, async () => {
    const pid = await start('perl', '-e', '$| = 1; $0 = "Tgid:\\t1\\nTgid:\\t1"; print "x"; <STDIN>');
    assert.equal(processes.identifyWaiting(pid, 1).pid, pid);
  });

  test('command lines that are asked for arrive, each once, but for processes that are gone', limit, async () => {
    const pid = await start('sh', '-c', 'echo; read x; true');
    const answers: [number, string][] = [];
    await new Promise<void>((resolve) => {
      const lines = new CommandLines((from, bytes) => {
        answers.push([from, Buffer.from(bytes).toString()]);
        if (from === pid) resolve();
      });
      for (const from of [process.pid, 0x7fffffff, process.pid, pid]) lines.request(from);
    });
    assert.deepEqual(
      answers.map(([from]) => from),
      [process.pid, pid],
    );
    assert.equal(answers[1]?.[1], 'sh\0-c\0echo; read x; true\0');
  });
});

function identity({ pid, command, isProvisional }: ReturnType<Processes['identifyWaiting']>): unknown[] {
  return [pid, command, isProvisional];
}
