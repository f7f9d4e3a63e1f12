/**
 * A storm: programs that write and read while something happens to the server, and the check that nobody noticed.
 *
 * Guarantees: every error that a program sees, every line that is missing, doubled or out of order, and every difference
 * between the mirror and what was written fails the test.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { capturedText } from '../../harness/chunks.js';
import { eventually, killGroup } from '../../harness/commands.js';
import type { MountFixture } from '../../harness/mount-fixture.js';
import { compiledTest } from '../../harness/project.js';
import { lineOf, type StormResult, summaryOf } from './storm-kinds.js';

/** Runs the programs while `disturb` does its work. */
export async function storm(
  t: TestContext,
  fixture: MountFixture,
  disturb: () => Promise<unknown>,
): Promise<StormResult[]> {
  const child = spawn(process.execPath, [compiledTest('integration/recovery/storm.js'), fixture.mountpoint], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  fixture.after(async () => killGroup(child));
  const closed = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(`ended with ${signal ?? code}: ${complaints}`));
  });
  let said = '';
  let complaints = '';
  child.stdout.on('data', (part: Buffer) => (said += part.toString()));
  child.stderr.on('data', (part: Buffer) => (complaints += part.toString()));
  await eventually(() => said.startsWith('ready\n'), { within: 20_000, what: 'the programs of the storm' });
  try {
    // An error ends the programs before their time.
    const early = closed.then((how) => assert.fail(`the programs ${how}`));
    await Promise.race([disturb(), early]);
    child.stdin.end();
    assert.equal(await Promise.race([closed, delay(30_000, 'are stuck', { ref: false })]), 'ended with 0: ');
  } catch (error) {
    // What comes later, the unmount among it, would hide the cause.
    t.diagnostic(fixture.ownLog().slice(-5000));
    throw error;
  }
  const results = JSON.parse(said.slice('ready\n'.length)) as StormResult[];
  t.diagnostic(results.map(({ kind, rounds }) => `${kind} ${rounds}`).join(', '));
  return results;
}

/** Everything that was written is in the chunks once and in order, and the mirror is as it was left. */
export function assertComplete(fixture: MountFixture, results: readonly StormResult[]): void {
  for (const { kind, log, lines, mirror } of results) {
    const wanted = Array.from({ length: lines }, (_, line) => lineOf(kind, line));
    const captured = capturedText(fixture.logs, log);
    if (captured !== wanted.join('')) assert.fail(`${kind}: ${firstDifference(captured.split(/(?<=\n)/), wanted)}`);
    for (const [name, summary] of Object.entries(mirror)) {
      assert.equal(summaryOf(readFileSync(join(fixture.mirror, name))), summary, `${name} in the mirror`);
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
