/**
 * Looks at a server that stands still.
 *
 * Guarantees: every thread of it has stopped before the body runs, and all go on behind it, whatever the body does. That takes
 * waiting: SIGSTOP is given to one thread, and the others run on until that one has been scheduled (signal(7), "Signal mask
 * and pending signals"). In the body nobody may wait for the mount without a time limit.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from './commands.js';
import type { MountFixture } from './mount-fixture.js';

/** Whether every thread of a process has stopped. */
function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((task) => / T /.test(readFileSync(`${tasks}/${task}/stat`, 'latin1')));
}

/** Runs `body` while the server is stopped. */
export async function whileStopped<T>(fixture: MountFixture, body: () => T | Promise<T>): Promise<T> {
  const server = fixture.serverPid();
  process.kill(server, 'SIGSTOP');
  try {
    await eventually(() => isStopped(server), { within: 10_000, what: 'a stopped server' });
    return await body();
  } finally {
    process.kill(server, 'SIGCONT');
  }
}
