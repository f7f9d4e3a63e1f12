/**
 * Process: appends numbered lines to a file at a steady pace, one write(2) a line, until SIGTERM; then prints how many.
 *
 * `paced-writer.js FILE LINES_PER_SECOND`
 */
import { openSync, writeSync } from 'node:fs';

const [path = '', perSecond = ''] = process.argv.slice(2);
const fd = openSync(path, 'a');
const started = performance.now();
let written = 0;

function catchUp(): void {
  const due = Math.floor(((performance.now() - started) / 1000) * Number(perSecond));
  for (; written < due; written++) {
    writeSync(
      fd,
      `${String(written).padStart(8, '0')} a line of about the usual length, as a service would write it\n`,
    );
  }
}

const timer = setInterval(catchUp, 5);
process.once('SIGTERM', () => {
  clearInterval(timer);
  process.stdout.write(`${written}\n`);
});
