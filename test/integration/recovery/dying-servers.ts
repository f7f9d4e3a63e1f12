/** Servers that kill themselves at a point of their code, each of them, and the points that requests come to. */
import type { CrashPoint } from '../../../src/recovery/crash-point.js';
import { MountFixture } from '../../harness/mount-fixture.js';

/** In the order in which a request comes to them. */
export const crashPoints: readonly CrashPoint[] = [
  'received',
  'counted',
  'made',
  'given',
  'opened',
  'handle-noted',
  'handle-added',
  'backing-opened',
  'removed',
  'renamed',
  'attribute-changed',
  'mirrored',
  'mirror-noted',
  'chunk-begun',
  'chunk-written',
  'capture-noted',
  'chunk-ended',
  'handed-over',
  'handle-removed',
  'served',
  'answered',
];

/** @param crashAt - as in LOGAGG_CRASH_AT, see `src/recovery/crash-point.ts` */
export async function mountDying(
  context: Parameters<typeof MountFixture.mount>[0],
  crashAt: string,
  options: readonly string[],
): Promise<MountFixture> {
  process.env.LOGAGG_CRASH_AT = crashAt;
  try {
    return await MountFixture.mount(context, { patterns: ['*.log'], options: [...options] });
  } finally {
    delete process.env.LOGAGG_CRASH_AT;
  }
}
