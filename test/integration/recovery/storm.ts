/**
 * The process that runs the programs of a storm, a thread each: `storm.js FOLDER`. It says `ready`, goes on until its
 * standard input ends, and then prints what each has done, as JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { readerKinds, type StormOrder, type StormResult, writerKinds } from './storm-kinds.js';

const folder = process.argv[2] ?? '';
const stop = new SharedArrayBuffer(4);
mkdirSync(join(folder, 'static'));
for (let index = 0; index < 300; index++) {
  const name = `static-${String(index).padStart(3, '0')}`;
  writeFileSync(join(folder, 'static', name), name);
}

const results = [...writerKinds, ...readerKinds].map(
  (kind) =>
    new Promise<StormResult>((resolve, reject) => {
      const workerData: StormOrder = { kind, folder, stop };
      const worker = new Worker(fileURLToPath(new URL('./storm-writer.js', import.meta.url)), { workerData });
      worker.once('message', resolve);
      worker.once('error', (error) => {
        process.stderr.write(`${error.stack}\n`);
        reject(error);
      });
    }),
);

process.stdout.write('ready\n');
process.stdin.on('end', () => Atomics.store(new Int32Array(stop), 0, 1));
process.stdin.resume();
process.stdout.write(`${JSON.stringify(await Promise.all(results))}\n`, () => process.exit());
