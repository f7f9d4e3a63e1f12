/**
 * A program that appends numbered lines to one file: `steady-writer.js ID FILE LINES SIZE [sync]`. Line n is `ID n` and dots
 * up to SIZE bytes with its newline, as one write; with `sync` each waits for the disk.
 *
 * Guarantees: opens the file, says `open`, and writes once something comes on its standard input; at the end, or after the
 * first write that fails, or when the standard input ends, says `wrote N`, with the number of writes that took every byte,
 * and the code of the error.
 */
import { constants, openSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const [id = '', file = '', lines = '0', size = '0', sync] = process.argv.slice(2);
const { O_APPEND, O_CREAT, O_DSYNC, O_WRONLY } = constants;
/** So many lines pass between two looks at the standard input. */
const lookEvery = 16;

let isStopped = false;
const fd = openSync(file, O_WRONLY | O_APPEND | O_CREAT | (sync === undefined ? 0 : O_DSYNC), 0o666);
process.stdin.on('end', () => {
  isStopped = true;
});
process.stdin.once('data', () => void write());
process.stdout.write('open\n');

async function write(): Promise<void> {
  let line = 0;
  let end = '';
  try {
    for (; line < Number(lines) && !isStopped; line++) {
      const bytes = Buffer.from(`${`${id} ${line} `.padEnd(Number(size) - 1, '.')}\n`);
      if (writeSync(fd, bytes) !== bytes.length) throw new Error('short');
      if (line % lookEvery === 0) await setImmediate();
    }
  } catch (error) {
    end = ` ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`;
  }
  process.stdout.write(`wrote ${line}${end}\n`, () => process.exit(0));
}
