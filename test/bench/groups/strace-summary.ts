/**
 * The table that `strace -c` writes.
 *
 * Guarantees: a pure function of the text. Lines that are no system call are passed over.
 */

/** Calls by name; those that failed under a name of their own. */
export type Counts = ReadonlyMap<string, number>;

/** Reads the summary of `strace -c`: % time, seconds, usecs/call, calls, errors (may be absent), syscall. */
export function parseSummary(text: string): Counts {
  const counts = new Map<string, number>();
  for (const [, calls = '', errors, name = ''] of text.matchAll(
    /^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +(\d+))? +(\w+)$/gm,
  )) {
    if (name === 'total') continue;
    const failed = Number(errors ?? 0);
    counts.set(name, Number(calls) - failed);
    if (failed > 0) counts.set(`${name}, failed`, failed);
  }
  return counts;
}
