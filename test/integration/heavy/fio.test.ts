/** Programs that write, read back and compare: fio with checksums, bonnie++, dbench. Every write is captured as well. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describe, type Outcome, run } from '../../harness/commands.js';
import { assertHealthy } from '../../harness/health.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { byLength } from '../../harness/test-length.js';

const limit = { timeout: byLength(180_000, 900_000) };
const everything = { patterns: ['**'] };
const fioJobs = 4;
const fioMebibytes = byLength(4, 64);
const loadFile = '/usr/share/dbench/client.txt';

interface FioJob {
  readonly error: number;
  readonly read: { readonly io_kbytes: number };
}

/** Runs fio with the same jobs for writing and for verifying alone; returns what each job did. */
async function fio(folder: string, engine: string, pattern: string, ...more: string[]): Promise<FioJob[]> {
  const outcome = await run(
    'fio',
    [
      ...['--name=job', `--directory=${folder}`, `--size=${fioMebibytes}M`, '--bs=4k', `--numjobs=${fioJobs}`],
      ...[`--rw=${pattern}`, `--ioengine=${engine}`, '--verify=crc32c', '--verify_fatal=1', '--verify_state_save=0'],
      ...['--output-format=json', ...more],
    ],
    { cwd: '/', timeout: limit.timeout },
  );
  assert.equal(outcome.code, 0, describe(outcome));
  const report = JSON.parse(outcome.stdout.slice(outcome.stdout.indexOf('{'))) as { jobs: FioJob[] };
  return report.jobs;
}

function assertVerified(jobs: readonly FioJob[], when: string): void {
  const expected = Array.from({ length: fioJobs }, () => ({ error: 0, kibibytes: fioMebibytes * 1024 }));
  assert.deepEqual(
    jobs.map(({ error, read }) => ({ error, kibibytes: read.io_kbytes })),
    expected,
    `every job has read and compared everything ${when}`,
  );
}

for (const engine of ['psync', 'mmap']) {
  for (const pattern of ['write', 'randwrite']) {
    test(`fio: four jobs verify what they wrote by ${engine} ${pattern}, and so does the mirror`, limit, async (t) => {
      const fixture = await MountFixture.mount(t, everything);
      assertVerified(await fio(fixture.mountpoint, engine, pattern), 'on the mount');
      await assertHealthy(fixture);
      await fixture.unmount();
      assertVerified(await fio(fixture.mirror, 'psync', pattern, '--verify_only=1'), 'in the mirror');
    });
  }
}

test('fio: four jobs read and write at random places of the same files, and verify', limit, async (t) => {
  const fixture = await MountFixture.mount(t, everything);
  assertVerified(
    await fio(fixture.mountpoint, 'psync', 'randwrite', '--verify_backlog=64', '--fsync=64'),
    'on the way',
  );
  await assertHealthy(fixture);
});

async function inFolder(fixture: MountFixture, program: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = fixture.path('work');
  mkdirSync(folder);
  const outcome = await program(folder);
  assert.equal(outcome.code, 0, describe(outcome));
  await assertHealthy(fixture);
  return outcome;
}

test('bonnie++ writes, rewrites, seeks, and creates, stats and removes thousands of files', limit, async (t) => {
  const fixture = await MountFixture.mount(t, everything);
  // -f: without output byte by byte, which is a system call for each byte even on a plain directory.
  const [mebibytes, memory, thousands] = byLength([32, 16, 4], [256, 128, 16]).map(String);
  const sizes = ['-f', '-s', `${mebibytes}`, '-r', `${memory}`, '-n', `${thousands}`];
  const { stdout } = await inFolder(fixture, (folder) =>
    run('bonnie++', ['-d', folder, ...sizes, '-u', 'root', '-q'], { cwd: '/', timeout: limit.timeout }),
  );
  assert.match(stdout, /^1\.9\d,/m, 'a line of results');
  assert.deepEqual(readdirSync(fixture.path('work')), []);
});

test('dbench: two clients do what clients of a file server did', limit, async (t) => {
  const fixture = await MountFixture.mount(t, everything);
  const { stdout } = await inFolder(fixture, (folder) =>
    run('dbench', ['-c', loadFile, '-D', folder, '-t', String(byLength(4, 60)), '2'], {
      cwd: '/',
      timeout: limit.timeout,
    }),
  );
  assert.match(stdout, /^Throughput [1-9]/m);
  assert.doesNotMatch(stdout, /failed|expected/i);
  assert.ok(readdirSync(join(fixture.mirror, 'work')).length > 0);
});
