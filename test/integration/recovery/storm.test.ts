/**
 * Servers are killed, stopped and left alone under programs that write and read: nobody notices, nothing is lost or doubled,
 * nothing leaks.
 *
 * With LOGAGG_TEST_LONG=1 each storm takes ten minutes; LOGAGG_STORM_KILLS says after how many kills it ends before, and
 * LOGAGG_SOAK_MINUTES how long memory is measured.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { killGroup } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { killServers, servingServer, untilServing } from './server-state.js';
import { assertComplete, storm } from './storm-run.js';

const isLong = process.env.LOGAGG_TEST_LONG === '1';
const limit = { timeout: 1_200_000 };
const kills = Number(process.env.LOGAGG_STORM_KILLS ?? (isLong ? 100_000 : 15));
const duration = { milliseconds: 600_000, kills };

for (const passthrough of isLong ? ['on', 'off'] : ['on']) {
  test(`servers killed by SIGKILL under load, passthrough=${passthrough}`, limit, async (t) => {
    const fixture = await MountFixture.mount(t, {
      patterns: ['*.log'],
      options: [`passthrough=${passthrough}`],
    });
    let killed = 0;
    const results = await storm(t, fixture, async () => {
      killed = await killServers(fixture, duration);
    });
    const { restarts } = servingServer(fixture);
    t.diagnostic(`${killed} kills, ${restarts} restarts`);
    assert.ok(restarts > 5, `${restarts} restarts`);
    assertComplete(fixture, results);
    assert.ok(existsSync(fixture.path('static')));
  });
}

test('servers stopped by SIGSTOP under load are replaced, and nobody notices more than a pause', limit, async (t) => {
  const fixture = await MountFixture.mount(t, {
    patterns: ['*.log'],
    options: ['passthrough=off', 'hang=2'],
  });
  const stops = isLong ? 30 : 2;
  const results = await storm(t, fixture, async () => {
    let stopped = 0;
    for (let round = 0; round < stops; round++) {
      const { pid } = await untilServing(fixture, stopped);
      await delay(50 + Math.random() * 450);
      process.kill(pid, 'SIGSTOP');
      stopped = pid;
    }
    await untilServing(fixture, stopped);
  });
  assert.equal(servingServer(fixture).restarts, stops);
  assertComplete(fixture, results);
});

/**
 * Descriptors, and memory in kibibytes: the proportional set size but for files, which are the code of Node and so shared by
 * programs that come and go.
 */
function footprint(pid: number): { descriptors: number; memory: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, memory: field('Pss_Anon') + field('Pss_Shmem') };
}

/** Of looks each second for a minute: the most descriptors and the most memory. */
async function peakOfMinute(pid: number): Promise<{ descriptors: number; memory: number }> {
  const looks: { descriptors: number; memory: number }[] = [];
  for (let second = 0; second < 60; second++) {
    await delay(1000);
    looks.push(footprint(pid));
  }
  return {
    descriptors: Math.max(...looks.map(({ descriptors }) => descriptors)),
    memory: Math.max(...looks.map(({ memory }) => memory)),
  };
}

/** V8 lets a thread's garbage grow to 8 MB more than what it needs, and the main thread takes minutes for that. */
const WARM_UP_MINUTES = 5;
const SOAK_MINUTES = Number(process.env.LOGAGG_SOAK_MINUTES ?? 10);

const soakLimit = { timeout: 60_000 * (WARM_UP_MINUTES + SOAK_MINUTES + 5) };

if (isLong) {
  test('under load for minutes neither memory nor descriptors grow', soakLimit, async (t) => {
    // Chunks that are dropped: their number stays as well.
    const fixture = await MountFixture.mount(t, { patterns: ['*.log'], options: ['maxcache=20M'] });
    const { pid } = servingServer(fixture);
    const minutes: { descriptors: number; memory: number }[] = [];
    const folder = fixture.path('stress');
    mkdirSync(folder);
    const bounds = [
      '--timeout',
      `${60 * (WARM_UP_MINUTES + SOAK_MINUTES) + 20}s`,
      '--temp-path',
      folder,
      '--hdd-bytes',
      '16M',
      '--quiet',
    ];
    const stressors = ['--dentry', '1', '--rename', '1', '--hdd', '1', '--link', '1'];
    const stress = spawn('stress-ng', [...stressors, ...bounds], { cwd: '/', detached: true, stdio: 'ignore' });
    fixture.after(async () => killGroup(stress));
    await storm(t, fixture, async () => {
      while (minutes.length < WARM_UP_MINUTES + SOAK_MINUTES) minutes.push(await peakOfMinute(pid));
    });
    t.diagnostic(minutes.map(({ descriptors, memory }) => `${descriptors} fds ${memory} kB`).join(', '));
    const warm = minutes.slice(WARM_UP_MINUTES);
    const range = (values: number[]): number => Math.max(...values) - Math.min(...values);
    assert.ok(range(warm.map(({ memory }) => memory)) < 5 * 1024, 'memory stays within 5 MB');
    assert.ok(range(warm.map(({ descriptors }) => descriptors)) <= 100, 'descriptors stay as many');
    assert.equal(servingServer(fixture).pid, pid);
  });
}
