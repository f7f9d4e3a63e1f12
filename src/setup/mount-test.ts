/**
 * Tells whether a mount works: a file that is written through it reads back through it, and is in the mirror.
 *
 * Guarantees: asks from a process of its own that is killed after a while, and leaves no file behind. Its name is a
 * compressed file's, which is never captured, whatever the patterns are.
 */
import { spawnSync } from 'node:child_process';
import { LogaggError } from '../config/errors.js';

const timeout = 20_000;

const script = `
const fs = require('fs'), [mounted, mirrored] = process.argv.slice(1), text = 'logagg-fs ' + process.pid;
try {
  fs.writeFileSync(mounted, text, { flag: 'wx', mode: 0o600 });
  if (fs.readFileSync(mounted, 'utf8') !== text) throw new Error('the mount reads back something else');
  if (fs.readFileSync(mirrored, 'utf8') !== text) throw new Error('the mirror does not have what was written');
} catch (error) { process.stdout.write(error.message) } finally { fs.rmSync(mounted, { force: true }) }`;

/** @throws LogaggError LOGAGG_MOUNT_FAILED */
export function assertWorks(mountpoint: string, mirror: string): void {
  const name = `.logagg-fs-setup-${process.pid}.gz`;
  const args = ['-e', script, '--', `${mountpoint}/${name}`, `${mirror}/${name}`];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout, killSignal: 'SIGKILL' });
  if (status === 0 && stdout === '') return;
  const reason = stdout || 'it does not answer';
  throw new LogaggError('LOGAGG_MOUNT_FAILED', `the mount on ${mountpoint} does not work: ${reason}`);
}
