/**
 * Servers that die at each point of `src/recovery/intents.ts`: whatever a program does, it is done once, and the program
 * notices nothing.
 *
 * With `POINT:2!` every server dies when it comes to the point for the second time: each request that comes there is
 * answered by the next one, which then dies in the request after it.
 */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CrashPoint } from '../../../src/recovery/crash-point.js';
import { captured } from '../../harness/captured.js';
import { capturedText } from '../../harness/chunks.js';
import { describe, run } from '../../harness/commands.js';
import { compiledTest } from '../../harness/project.js';
import { crashPoints, mountDying } from './dying-servers.js';
import { untilServing } from './server-state.js';

const limit = { timeout: 300_000 };

/**
 * How often servers come to the points where they come with nearly every request. One READDIRPLUS counts many nodes: a server
 * that died at the second would never answer it.
 */
const often: Partial<Record<CrashPoint, number>> =
  process.env.LOGAGG_TEST_LONG === '1'
    ? { counted: 10 }
    : { received: 30, served: 30, answered: 30, counted: 10, made: 3, given: 3, opened: 4, 'handle-added': 4 };

for (const [index, point] of crashPoints.entries()) {
  const passthrough = index % 2 === 0 ? 'on' : 'off';
  test(`killed at '${point}', passthrough=${passthrough}`, limit, async (t) => {
    const fixture = await mountDying(t, `${point}:${often[point] ?? 2}!`, [`passthrough=${passthrough}`, 'seal=60']);
    chmodSync(fixture.mirror, 0o777);
    const outcome = await run(
      process.execPath,
      [compiledTest('integration/recovery/every-operation.js'), fixture.mountpoint],
      { timeout: 200_000 },
    );
    assert.equal(outcome.stdout, 'done\n', `${describe(outcome)}\n${fixture.ownLog().slice(-1500)}`);
    const { restarts } = await untilServing(fixture);
    t.diagnostic(`${restarts} restarts`);
    assert.ok(restarts > 0, 'no server came to the point');
    assert.equal(captured(fixture, 'app.log'), Array.from({ length: 11 }, (_, line) => `line ${line}\n`).join(''));
    assert.equal(capturedText(fixture.logs, fixture.path('position.log')), 'abcdefghi');
    const read = (name: string): string => readFileSync(join(fixture.mirror, name), 'utf8');
    assert.equal(read('app.log.1'), Array.from({ length: 9 }, (_, line) => `line ${line}\n`).join(''));
    assert.equal(read('app.log'), 'line 10\n');
    assert.equal(read('moved'), 'of the other');
    assert.deepEqual(readdirSync(fixture.mirror).sort(), [
      'app.log',
      'app.log.1',
      'moved',
      'pipe',
      'renamed',
      'symlink',
    ]);
    assert.doesNotMatch(fixture.ownLog(), /defect|open files lost/);
    // Whatever is left is forgotten and closed: the mount can go.
    await fixture.unmount();
  });
}
