/**
 * Servers that die under load, each at the same point of its code: another request comes to the next server before the one
 * that it finds half done. Nobody notices, nothing is lost or doubled.
 *
 * With LOGAGG_TEST_LONG=1 at every point and many times; LOGAGG_STORM_POINT names a single one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CrashPoint } from '../../../src/recovery/crash-point.js';
import { crashPoints, mountDying } from './dying-servers.js';
import { servingServer, untilServing } from './server-state.js';
import { assertComplete, storm } from './storm-run.js';

const isLong = process.env.LOGAGG_TEST_LONG === '1';
const limit = { timeout: 300_000 };

/** The load sets no extended attributes. */
const reached = crashPoints.filter((point) => point !== 'attribute-changed');
/** A number of a handle that is noted and not taken may be another's when the request comes again. */
const shortly: readonly CrashPoint[] = ['handle-noted'];

/**
 * How often a server comes to the point before it dies there: to these the load comes with every request, and one READDIRPLUS
 * counts hundreds of nodes.
 */
const often: Partial<Record<CrashPoint, number>> = {
  received: 2000,
  counted: 1000,
  'chunk-begun': 5,
  mirrored: 1000,
  served: 1000,
  answered: 1000,
};

const restartsWanted = isLong ? 60 : 10;
const patience = 120_000;

for (const point of isLong ? reached : shortly) {
  if ((process.env.LOGAGG_STORM_POINT ?? point) !== point) continue;
  test(`killed at '${point}' under load`, limit, async (t) => {
    const fixture = await mountDying(t, `${point}:${often[point] ?? 100}!`, []);
    const results = await storm(t, fixture, async () => {
      const end = performance.now() + patience;
      while (performance.now() < end && servingServer(fixture).restarts < restartsWanted) await delay(100);
      await untilServing(fixture);
    });
    const { restarts } = servingServer(fixture);
    t.diagnostic(`${restarts} restarts`);
    assert.ok(restarts > 5, `${restarts} restarts`);
    assertComplete(fixture, results);
  });
}
