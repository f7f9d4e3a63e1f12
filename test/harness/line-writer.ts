/**
 * A program that writes numbered lines: `line-writer.js ID COUNT FILE…`. Line n goes to each file in turn, as one write
 * of one line `ID n`, appended.
 *
 * Guarantees: ends with 0 only when every write took every byte.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';

const [id = '', count = '0', ...files] = process.argv.slice(2);
const { O_APPEND, O_CREAT, O_WRONLY } = constants;
const descriptors = files.map((file) => openSync(file, O_WRONLY | O_APPEND | O_CREAT, 0o666));
for (let line = 0; line < Number(count); line++) {
  const bytes = Buffer.from(`${id} ${line}\n`);
  for (const descriptor of descriptors) {
    if (writeSync(descriptor, bytes) !== bytes.length) throw new Error(`short write at line ${line}`);
  }
}
for (const descriptor of descriptors) closeSync(descriptor);
