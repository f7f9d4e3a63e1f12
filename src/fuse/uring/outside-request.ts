/**
 * A request on behalf of another process, from a certain CPU.
 *
 * Guarantees: returns at once. Nobody of the server waits for the answer: it would wait for itself.
 *
 * Why: the kernel hands waiting requests of a CPU out only when another one of that CPU is answered.
 */
import { spawn } from 'node:child_process';

/** Where Debian and its like keep programs: the server's own environment is almost empty. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @param mountpoint - absolute path; where it is not, or covered by something else, nothing comes of it */
export function requestFromOutside(cpu: number, mountpoint: string): void {
  const args = ['-c', String(cpu), 'stat', '-f', '--', mountpoint];
  const child = spawn('taskset', args, { cwd: '/', env: { PATH }, stdio: 'ignore' });
  // A host without it has to wait for somebody else's request.
  child.once('error', () => undefined);
  child.unref();
}
