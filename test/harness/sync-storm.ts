/**
 * A program that syncs many files at once: `sync-storm.js FOLDER FILES ROUNDS`. Each file `sync-N.log` gets `N ROUND` as a
 * line and is synced, round after round, by a thread of its own.
 *
 * Guarantees: ends with 0 only when every write and every fsync succeeded. Wants UV_THREADPOOL_SIZE=FILES.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const [folder = '', files = '0', rounds = '0'] = process.argv.slice(2);

async function write(number: number): Promise<void> {
  const file = await open(join(folder, `sync-${number}.log`), 'a');
  for (let round = 0; round < Number(rounds); round++) {
    await file.write(`${number} ${round}\n`);
    await file.sync();
  }
  await file.close();
}

await Promise.all(Array.from({ length: Number(files) }, (_, number) => write(number)));
