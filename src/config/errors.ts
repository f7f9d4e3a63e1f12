/**
 * Errors that a user can cause, with the exit code that a script may rely on.
 *
 * Guarantees: every {@link LogaggError} carries one line that names the thing at fault and what to do about it, and
 * maps to exactly one exit code. Does not cover failures of file operations on the mount: those are errnos
 * (`src/fuse/errno.ts`) and never become exceptions.
 */

/** Exit codes of every `logagg-fs` command. Scripts may rely on them; the README shows the same table. */
export const ExitCode = {
  /** Done. For a mount: the file system serves requests. */
  ok: 0,
  /** Something went wrong that no other code names. */
  failure: 1,
  /** The command line, a mount option or a configuration file is wrong. Nothing was changed. */
  usage: 2,
  /** The mountpoint, the log cache or `logfile=` can't be used as asked. Nothing was mounted, nothing collected. */
  location: 3,
  /** This mountpoint is already served by logagg-fs, or another collector drains this log cache. */
  alreadyMounted: 4,
  /** The host can't do it: kernel too old, no `/dev/fuse`, no permission to mount. */
  unsupported: 5,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The closed set of things a user can get wrong, each with its exit code. */
const exitCodes = {
  LOGAGG_USAGE: ExitCode.usage,
  LOGAGG_OPTION_UNKNOWN: ExitCode.usage,
  LOGAGG_OPTION_VALUE: ExitCode.usage,
  LOGAGG_OPTION_MISSING: ExitCode.usage,
  LOGAGG_MOUNTPOINT: ExitCode.location,
  LOGAGG_ROOT: ExitCode.location,
  LOGAGG_LOGFILE: ExitCode.location,
  LOGAGG_ALREADY_MOUNTED: ExitCode.alreadyMounted,
  LOGAGG_ALREADY_COLLECTED: ExitCode.alreadyMounted,
  LOGAGG_CONFIG: ExitCode.usage,
  LOGAGG_SETUP: ExitCode.failure,
  LOGAGG_UNSUPPORTED: ExitCode.unsupported,
  LOGAGG_MOUNT_FAILED: ExitCode.failure,
  LOGAGG_MOUNT_BUSY: ExitCode.failure,
  LOGAGG_SERVER_DIED: ExitCode.failure,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof exitCodes;

/** A failure to report to the user as one line, without a stack trace. */
export class LogaggError extends Error {
  override readonly name = 'LogaggError';
  readonly code: ErrorCode;

  /**
   * @param code - what kind of failure it is
   * @param message - one line: the thing at fault and what to do
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get exitCode(): ExitCode {
    return exitCodes[this.code];
  }
}
