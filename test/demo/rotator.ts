/**
 * A rotation, done by a process of its own as logrotate does it: `rotator.js KIND LOG COPY`.
 *
 * `copytruncate` copies the log and then truncates it; lines written in between are in neither file. `rename` moves the
 * log aside; whoever writes it goes on in the moved file until it is told to reopen.
 *
 * Its command name is `logrotate`, so that the copy is not captured a second time (mount option `skipwriters=`).
 */
import { copyFileSync, renameSync, truncateSync } from 'node:fs';

/** The two ways to rotate a log. */
export type RotationKind = 'copytruncate' | 'rename';

process.title = 'logrotate';

const [kind, log = '', copy = ''] = process.argv.slice(2);
if (kind === 'rename') renameSync(log, copy);
else {
  copyFileSync(log, copy);
  truncateSync(log);
}
