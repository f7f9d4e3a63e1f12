/**
 * Malformed and random requests to the decoder: an errno each, never a crash, never anything outside the mirror.
 *
 * The run is the same each time. `npm run test:fuzz` runs with new seeds for LOGAGG_FUZZ_SECONDS seconds; LOGAGG_FUZZ_SEED
 * repeats one of them. In a process of its own, with hardly any privilege, small files and few descriptors.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describe as describeOutcome, run } from '../harness/commands.js';
import { compiledTest, temporaryPrefix } from '../harness/project.js';

const iterations = 20_000;
const defaultSeed = 20_240_501;
const seconds = Number(process.env.LOGAGG_FUZZ_SECONDS ?? 0);
const firstSeed = process.env.LOGAGG_FUZZ_SEED;

/** Bytes that a file may grow to, and descriptors: what a wrong size or a leak meets soon. */
const limits = ['--fsize=4194304', '--nofile=400', '--core=0'];
/** Never CAP_MKNOD: a device that is made and opened by chance would be this machine's. */
const capabilities = '--bounding-set=-all,+chown,+dac_override,+dac_read_search,+fowner,+fsetid';

/** @returns what is wrong, or nothing */
async function fuzz(seed: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  chmodSync(folder, 0o700);
  const child = [process.execPath, compiledTest('fuse/fuzz-child.js'), folder, String(seed), String(iterations)];
  const confined = process.getuid?.() === 0 ? ['setpriv', capabilities, '--', ...child] : child;
  try {
    const outcome = await run('prlimit', [...limits, ...confined], { timeout: 120_000 });
    if (outcome.code === 0) return '';
    const last = readFileSync(join(folder, 'last-request'), 'utf8').trim();
    return `seed ${seed}: ${describeOutcome(outcome)}\n${outcome.stdout}\nlast request: ${last}`;
  } finally {
    // Directories that were left behind may forbid their own removal.
    await run('chmod', ['-R', 'u+rwx', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

test(`${iterations} malformed and random requests do no harm`, { timeout: 150_000 }, async () => {
  assert.equal(await fuzz(Number(firstSeed ?? defaultSeed)), '');
});

if (seconds > 0) {
  test(`nor do they with new seeds for ${seconds} s`, { timeout: (seconds + 150) * 1000 }, async (t) => {
    const end = performance.now() + seconds * 1000;
    for (let runs = 1; performance.now() < end; runs++) {
      const seed = Math.floor(Math.random() * 2 ** 32);
      assert.equal(await fuzz(seed), '');
      t.diagnostic(`run ${runs}: seed ${seed}`);
    }
  });
}
