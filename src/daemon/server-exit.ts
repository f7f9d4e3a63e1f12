/**
 * How a server tells its supervisor (bin/logagg-fs-supervisor) what it died of.
 *
 * Guarantees: other codes than the exit codes of commands (`src/config/errors.ts`). A signal is a code of its own.
 */
import { constants } from 'node:os';

export const ServerExit = {
  /** An internal error: another server is to go on. */
  crashed: 70,
  /** On purpose, between two requests: another server is to go on. */
  handedOver: 76,
  /** What the last server left is of another version. */
  cannotResume: 77,
  /** There is no mount any more to go on with. */
  unmounted: 78,
} as const;

/** What the shell adds to the number of a signal that ended a process. */
const SIGNAL_BASE = 128;

/**
 * How a server ended, in words; undefined for one that was asked to make room.
 * @param code - as a shell tells it
 */
export function describeDeath(code: number): string | undefined {
  if (code === ServerExit.handedOver) return undefined;
  if (code === ServerExit.crashed) return 'ended by an internal error';
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_BASE)?.[0];
  return signal === undefined ? `ended with exit code ${code}` : `was killed by ${signal}`;
}
