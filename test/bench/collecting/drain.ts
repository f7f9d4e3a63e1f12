/**
 * Draining a backlog, by our collector and by rsyslogd.
 *
 * Guarantees: throws unless every byte arrived (for ndjson: every line). No process is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ended } from '../../harness/commands.js';
import { launcher } from '../../harness/project.js';
import { memoryOf } from '../servers.js';
import type { Backlog } from './backlog.js';

/** What a drain took. */
export interface Drain {
  readonly seconds: number;
  /** Largest PSS of its process, in bytes. */
  readonly memory: number;
}

/** Milliseconds between two looks at a process. */
const lookInterval = 50;
/** Milliseconds that a drain may take. */
const patience = 180_000;

/** Runs a child until `isDone`, or until it ends; returns its largest memory. */
async function watch(child: ChildProcess, isDone: () => boolean): Promise<number> {
  const deadline = performance.now() + patience;
  let [memory, looks] = [0, 0];
  while (child.exitCode === null && child.signalCode === null && !isDone()) {
    if (performance.now() > deadline) throw new Error('the backlog was not drained in time');
    // smaps_rollup stops the process for some milliseconds, if it is large: now and then is enough.
    if (child.pid !== undefined && looks++ % 2 === 1) memory = Math.max(memory, memoryOf([child.pid]).proportional);
    await delay(lookInterval);
  }
  return memory;
}

function lineCount(path: string): number {
  let count = 0;
  for (const byte of readFileSync(path)) if (byte === 10) count++;
  return count;
}

/** `logagg-fs collect`, its standard output a file. */
export async function drainWithCollect(backlog: Backlog, root: string, format: 'raw' | 'ndjson'): Promise<Drain> {
  const output = join(root, 'output');
  const fd = openSync(output, 'w');
  const start = performance.now();
  const args = ['collect', root, '--once', '--to', 'stdout:', '--format', format];
  const child = spawn(launcher, args, { stdio: ['ignore', fd, 'ignore'] });
  closeSync(fd);
  let finished = Number.NaN;
  child.once('exit', () => {
    finished = performance.now();
  });
  try {
    const memory = await watch(child, () => false);
    if (child.exitCode !== 0) throw new Error(`collect ended with ${child.exitCode ?? child.signalCode}`);
    const isComplete = format === 'raw' ? statSync(output).size === backlog.bytes : lineCount(output) === backlog.lines;
    if (!isComplete) throw new Error('collect did not deliver everything, or more than that');
    if (readdirSync(join(root, 'logs')).some((name) => name.endsWith('.log'))) throw new Error('chunks are left');
    return { seconds: (finished - start) / 1000, memory };
  } finally {
    child.kill('SIGKILL');
  }
}

function imfileConfiguration(root: string, output: string): string {
  return `global(workDirectory="${root}/meta" maxMessageSize="64k")
module(load="imfile" mode="inotify")
template(name="line" type="string" string="%msg%\\n")
input(type="imfile" file="${root}/logs/*.log" tag="app:" ruleset="copy")
ruleset(name="copy") {
  action(type="omfile" file="${output}" template="line" ioBufferSize="64k")
}
`;
}

/** rsyslogd: imfile to omfile, the same files, the lines as they are. */
export async function drainWithImfile(backlog: Backlog, root: string): Promise<Drain> {
  const [output, config] = [join(root, 'output'), join(root, 'rsyslog.conf')];
  writeFileSync(config, imfileConfiguration(root, output));
  const start = performance.now();
  const args = ['-n', '-f', config, '-i', join(root, 'rsyslogd.pid')];
  const child = spawn('rsyslogd', args, { stdio: 'ignore', cwd: '/' });
  const isDone = (): boolean => existsSync(output) && statSync(output).size >= backlog.bytes;
  try {
    const memory = await watch(child, isDone);
    if (!isDone()) throw new Error(`rsyslogd ended with ${child.exitCode ?? child.signalCode}`);
    return { seconds: (performance.now() - start) / 1000, memory };
  } finally {
    child.kill('SIGKILL');
    await ended(child);
  }
}
