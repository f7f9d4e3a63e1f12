/**
 * How a server tells its supervisor (bin/logagg-fs-supervisor) what it died of.
 *
 * Guarantees: other codes than the exit codes of commands (`src/config/errors.ts`). A signal is a code of its own.
 */
export const ServerExit = {
  /** An internal error: another server is to go on. */
  crashed: 70,
  /** On purpose, between two requests: another server is to go on. */
  handedOver: 76,
  /** What the last server left is of another version. */
  cannotResume: 77,
} as const;
