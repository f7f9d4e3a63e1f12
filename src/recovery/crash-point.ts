/**
 * Points at which a test lets the server kill itself, to show that the next one goes on without losing or repeating anything.
 *
 * Guarantees: nothing happens, and next to nothing is done, unless the environment has LOGAGG_CRASH_AT=POINT[:N], read once:
 * then the server gets SIGKILL at the Nth time (1 unless told) that it comes to that point. A server that took over from
 * another one heeds only a point with an exclamation mark behind it.
 */

/** Every point, in the order in which a request comes to them. `src/recovery/intents.ts` tells what they are. */
export type CrashPoint =
  | 'start'
  | 'mounted'
  | 'resumed'
  | 'resent'
  | 'received'
  | 'counted'
  | 'made'
  | 'given'
  | 'opened'
  | 'handle-noted'
  | 'handle-added'
  | 'backing-opened'
  | 'removed'
  | 'renamed'
  | 'attribute-changed'
  | 'mirrored'
  | 'mirror-noted'
  | 'chunk-begun'
  | 'chunk-written'
  | 'capture-noted'
  | 'chunk-ended'
  | 'handed-over'
  | 'handle-removed'
  | 'served'
  | 'answered';

/** Dies there, if it is the point; undefined in all but tests. */
export const crashAt: ((point: CrashPoint) => void) | undefined = fromEnvironment(process.env.LOGAGG_CRASH_AT);

function fromEnvironment(text: string | undefined): ((point: CrashPoint) => void) | undefined {
  const match = /^([a-z-]+)(?::(\d+))?(!?)$/.exec(text ?? '');
  const isResumed = process.argv[6] === 'resume';
  if (match === null || (isResumed && match[3] === '')) return undefined;
  let left = Number(match[2] ?? 1);
  return (point) => {
    if (point !== match[1] || --left > 0) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal ends this thread at the latest when it comes back from the kernel.
    for (;;);
  };
}
