/**
 * A program that makes, looks at, renames and removes files without pause: `entry-storm.js FOLDER ID`. Ends when its standard
 * input does.
 */
import { closeSync, openSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

const [folder = '', id = ''] = process.argv.slice(2);
const path = join(folder, id);
let isStopped = false;
process.stdin.on('end', () => {
  isStopped = true;
});
process.stdin.resume();
while (!isStopped) {
  for (let round = 0; round < 20; round++) {
    closeSync(openSync(path, 'w'));
    statSync(path);
    renameSync(path, `${path}.1`);
    unlinkSync(`${path}.1`);
  }
  await setImmediate();
}
