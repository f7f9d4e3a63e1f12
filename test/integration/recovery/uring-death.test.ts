/** A server that dies over io_uring, where no other can go on for it: the safe way out, and a new mount. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoUring } from '../../../src/fuse/uring/uring-support.js';
import { append, assertMirroredAndCaptured } from '../../harness/captured.js';
import { eventually, output } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { servingServer } from './server-state.js';

const limit = { timeout: 90_000 };

test('over io_uring a mount whose server was killed is detached, said so, and mounted anew', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  // The runner runs this again with io_uring switched on.
  if (whyNoUring() !== undefined) return t.diagnostic('not over io_uring now');
  await fixture.remount(['transport=uring']);
  append(fixture, 'app.log', 'before\n');
  // A server that lives for less than 5 s is not replaced.
  await delay(6000);
  const { pid } = servingServer(fixture);
  process.kill(pid, 'SIGKILL');
  await eventually(() => fixture.serverPids().some((other) => other !== pid), {
    within: 20_000,
    what: 'another server',
  });
  await eventually(() => fixture.isMounted(), { within: 20_000, what: 'another mount' });
  await output('cat', [fixture.path('app.log')], { timeout: 20_000 });
  append(fixture, 'app.log', 'after\n');
  assertMirroredAndCaptured(fixture, 'app.log', 'before\nafter\n');
  assert.match(fixture.ownLog(), /"level":"fatal".*over io_uring/);
});
