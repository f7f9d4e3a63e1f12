/**
 * The end of everything that serves a mount, as when the machine kills it: server and supervisor, if there is one.
 *
 * Guarantees: nothing of it runs afterwards. Leaves the mount as it is.
 */
import { eventually } from './commands.js';
import { isRunning, runningProcesses } from './processes.js';

/** @param folder - that the processes have in their arguments */
export async function killEverything(folder: string): Promise<void> {
  const serving = /\/bin\/logagg-fs-supervisor |\/bundled\/server\.js /;
  const found = runningProcesses()
    .filter(({ commandLine }) => commandLine.includes(folder) && serving.test(commandLine))
    // A supervisor would start another server.
    .sort((a, b) => Number(b.commandLine.includes('-supervisor ')) - Number(a.commandLine.includes('-supervisor ')));
  for (const { pid } of found) process.kill(pid, 'SIGKILL');
  await eventually(() => !found.some(({ pid }) => isRunning(pid)), { within: 10_000, what: 'the end of the server' });
}
