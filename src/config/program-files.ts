/**
 * How processes of ours are told from others.
 *
 * Guarantees: knows the supervisor, servers and commands, started from a package or from a folder of any name.
 */

/** The launcher, the supervisor and what is installed have our name; the rest are the files that `packaging/bundle-program.mjs` makes. */
const NAMES = /logagg-fs|\/bundled\/(?:server|cli)\.js$|\/cli\.js$/;

/** Whether one of a process's arguments names our program. @param args - as in `/proc/PID/cmdline`, split at NUL */
export function isOurProgram(args: readonly string[]): boolean {
  return args.some((arg) => NAMES.test(arg));
}
