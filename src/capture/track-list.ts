/**
 * trackfiles.txt: what its text means.
 *
 * Guarantees: never throws; every line becomes a rule, a comment, or exactly one problem of kind `error`, and a line
 * with an error has no influence on the others. Total time is bounded, whatever the text. Does not match paths (see
 * `pattern-set.ts`) and does not read the file (see `track-list-watcher.ts`).
 *
 * A name that begins or ends with white space can't be written plainly, because lines are trimmed: use `[ ]` for it.
 */

import { compileGlob } from './glob.js';
import { TimeBudget } from './time-budget.js';

/** One pattern of trackfiles.txt. Plain data: it crosses to the thread that serves the file system. */
export interface TrackRule {
  /** Number of its line, from 1. */
  readonly line: number;
  /** micromatch syntax, without the `!` of an exclusion. */
  readonly glob: string;
  /** Whether paths that match are *not* captured. */
  readonly exclude: boolean;
}

/** Something in trackfiles.txt that its author should know. */
export interface TrackProblem {
  /** Number of the line, from 1; 0 when it concerns the file as a whole. */
  readonly line: number;
  /** `error`: the line (or the file, for line 0) is ignored. `warning`: it is used, but surely not as meant. */
  readonly kind: 'error' | 'warning';
  readonly message: string;
}

/** Longest time in milliseconds that compiling one pattern may take. */
const compileLimitMilliseconds = 100;
const quotedCharacters = 80;

/**
 * Reads the text of trackfiles.txt: one glob a line, `!glob` excludes, `#` begins a comment line. Blank lines, CRLF, a
 * byte-order mark and a missing last newline are fine.
 */
export function parseTrackList(text: string): { rules: TrackRule[]; problems: TrackProblem[] } {
  const rules: TrackRule[] = [];
  const problems: TrackProblem[] = [];
  const budget = new TimeBudget(compileLimitMilliseconds);
  const lines = text.split('\n');
  for (const [index, raw] of lines.entries()) {
    // To JavaScript a byte-order mark is white space as well.
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const rule = parseRule(index + 1, content);
    const problem = findProblem(rule, budget);
    if (problem !== undefined) problems.push(problem);
    if (problem?.kind !== 'error') rules.push(rule);
  }
  return { rules, problems };
}

/** A pattern as messages show it: quoted, and cut when it is long. */
export function quoteGlob(glob: string): string {
  return glob.length <= quotedCharacters ? `"${glob}"` : `"${glob.slice(0, quotedCharacters)}…"`;
}

/** `!!a` is `a` as in micromatch; `!(a)` is an extglob, but `!(?:a)` excludes the regular expression's group. */
function parseRule(line: number, content: string): TrackRule {
  let glob = content;
  let exclude = false;
  while (/^!(?!\((?!\?))/.test(glob)) {
    glob = glob.slice(1).trimStart();
    exclude = !exclude;
  }
  return { line, glob, exclude };
}

function findProblem({ line, glob }: TrackRule, budget: TimeBudget): TrackProblem | undefined {
  if (glob === '') return { line, kind: 'error', message: 'no pattern behind "!"' };
  try {
    compileGlob(glob, budget);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { line, kind: 'error', message: `pattern ${quoteGlob(glob)} is ignored: ${reason}` };
  }
  const reason = whyItNeverMatches(glob);
  if (reason === undefined) return undefined;
  return { line, kind: 'warning', message: `pattern ${quoteGlob(glob)} can never match: ${reason}` };
}

function whyItNeverMatches(glob: string): string | undefined {
  const mayStartAtRoot = /^(?:[/*{("]|\\\/|[?+@!]\()/;
  if (!mayStartAtRoot.test(glob)) return 'begin it with "/" (the full path under the mountpoint) or with "**/"';
  if (glob.endsWith('/')) return 'it names a directory; add "**" to track the files in it';
  return undefined;
}
