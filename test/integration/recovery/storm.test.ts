/** Servers are killed again and again under programs that write and read: nobody notices, nothing is lost or doubled. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { capturedText } from '../../harness/chunks.js';
import { eventually, killGroup } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { compiledTest } from '../../harness/project.js';
import { killServers, servingServer } from './server-state.js';
import { lineOf, type StormResult } from './storm-kinds.js';

const isLong = process.env.LOGAGG_TEST_LONG === '1';
const limit = { timeout: isLong ? 1_200_000 : 240_000 };
/** The long version: ten minutes, and 300 kills at least. */
const duration = isLong ? { milliseconds: 600_000, kills: 100_000 } : { milliseconds: 20_000, kills: 1000 };

/** Runs the programs while `disturb` does its work. */
async function storm(t: TestContext, fixture: MountFixture, disturb: () => Promise<unknown>): Promise<StormResult[]> {
  const child = spawn(process.execPath, [compiledTest('integration/recovery/storm.js'), fixture.mountpoint], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  fixture.after(async () => killGroup(child));
  let said = '';
  let complaints = '';
  child.stdout.on('data', (part: Buffer) => (said += part.toString()));
  child.stderr.on('data', (part: Buffer) => (complaints += part.toString()));
  await eventually(() => said.startsWith('ready\n'), { within: 20_000, what: 'the programs of the storm' });
  await disturb();
  child.stdin.end();
  const closed = new Promise((resolve) => child.once('close', resolve));
  const code = await Promise.race([closed, delay(30_000, 'stuck', { ref: false })]);
  assert.deepEqual([complaints, code], ['', 0], fixture.ownLog().slice(-2000));
  const results = JSON.parse(said.slice('ready\n'.length)) as StormResult[];
  t.diagnostic(results.map(({ kind, rounds }) => `${kind} ${rounds}`).join(', '));
  return results;
}

/** Everything that was written is in the chunks once and in order, and the mirror is as it was left. */
function assertComplete(fixture: MountFixture, results: readonly StormResult[]): void {
  for (const { kind, log, lines, mirror } of results) {
    const wanted = Array.from({ length: lines }, (_, line) => lineOf(kind, line));
    const captured = capturedText(fixture.logs, log);
    if (captured !== wanted.join('')) assert.fail(`${kind}: ${firstDifference(captured.split(/(?<=\n)/), wanted)}`);
    for (const [name, content] of Object.entries(mirror)) {
      assert.equal(readFileSync(join(fixture.mirror, name), 'latin1'), content, `${name} in the mirror`);
    }
  }
  const kept = results.flatMap(({ mirror }) => Object.keys(mirror));
  assert.deepEqual(
    readdirSync(fixture.mirror)
      .filter((name) => name !== 'static')
      .sort(),
    kept.sort(),
  );
}

function firstDifference(got: readonly string[], wanted: readonly string[]): string {
  const at = wanted.findIndex((line, index) => got[index] !== line);
  const place = at < 0 ? wanted.length : at;
  return `${got.length} lines instead of ${wanted.length}, the first difference at ${place}: ${JSON.stringify(got.slice(Math.max(0, place - 1), place + 3))}`;
}

for (const passthrough of ['on', 'off']) {
  test(`servers killed by SIGKILL under load, passthrough=${passthrough}`, limit, async (t) => {
    const fixture = await MountFixture.mount(t, {
      patterns: ['*.log'],
      options: ['transport=device', `passthrough=${passthrough}`],
    });
    let kills = 0;
    const results = await storm(t, fixture, async () => {
      kills = await killServers(fixture, duration);
    });
    const { restarts } = servingServer(fixture);
    t.diagnostic(`${kills} kills, ${restarts} restarts`);
    assert.ok(restarts > 5, `${restarts} restarts`);
    assertComplete(fixture, results);
    assert.ok(existsSync(fixture.path('static')));
  });
}
