/**
 * Whether a mount is still in order after something hard was done to it.
 *
 * Guarantees: a mount that hangs fails the check instead of hanging the test: only programs of their own, with a time
 * limit, touch it. Removes the file that it makes.
 */
import assert from 'node:assert/strict';
import { describe, run } from './commands.js';
import type { MountFixture } from './mount-fixture.js';

/** Lines of the server's own log that report a mistake of the server itself. */
export function defectLines(fixture: MountFixture): string[] {
  return fixture
    .ownLog()
    .split('\n')
    .filter((line) => line.includes('"msg":"defect: '));
}

/** The mount serves: a file can be made, read back, listed and removed; and the server has reported no defect. */
export async function assertHealthy(fixture: MountFixture): Promise<void> {
  assert.ok(fixture.isMounted(), 'the mount is still there');
  assert.ok(fixture.serverPids().length > 0, 'its server is still there');
  const script = 'cd "$1" && echo alive > .alive && cat .alive && ls -a > /dev/null && df . > /dev/null && rm .alive';
  const outcome = await run('sh', ['-c', script, 'sh', fixture.mountpoint], { timeout: 20_000 });
  assert.equal(outcome.stdout, 'alive\n', `the mount serves: ${describe(outcome)}`);
  assert.deepEqual(defectLines(fixture), [], 'no defect in the own log');
}
