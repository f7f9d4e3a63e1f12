/**
 * One glob in micromatch's syntax, compiled and classified by what it can cost.
 *
 * Guarantees: compiling ends, whatever the glob (micromatch 4.0.8 itself loops for ever over `/a\\\\`, four backslashes
 * at the end); a glob that is not `costly` decides any path without a name of more than 255 bytes in at most 600,000
 * backtracking steps, a few milliseconds. Says nothing about what a costly one needs: run it in a `TimeBudget`.
 */

import micromatch from 'micromatch';
import { ranOutOfTime, type TimeBudget } from './time-budget.js';

/** A glob without wildcards. */
export interface LiteralGlob {
  readonly kind: 'literal';
  /** The one path that it matches. */
  readonly path: string;
}

/** A glob with wildcards. */
export interface WildcardGlob {
  readonly kind: 'wildcard';
  readonly regex: RegExp;
  /** Every path that matches begins with this. */
  readonly prefix: string;
  /** Whether there is no proof that matching ends soon. */
  readonly costly: boolean;
}

export type CompiledGlob = LiteralGlob | WildcardGlob;

/** picomatch refuses longer ones. */
const maxGlobLength = 65_536;
/** Up to here, and without a backslash, compiling was measured to take less than 20 ms and needs no guard. */
const maxUnguardedLength = 256;
/**
 * V8's compiler of regular expressions can't be interrupted, and takes n^4 and worse for some constructs: 12 s for 100
 * optional groups, 7 s for 80 nested repetitions; 15 ms for 20 of either. Braces and wildcards are far cheaper.
 */
const maxGroups = 20;
const maxBraces = 100;
const maxWildcards = 1_000;
const maxNameLength = 255;
const maxPathLength = 4096;
const maxSteps = 600_000;

/** `posix` makes `[!a]` mean what it means in every shell; micromatch's default is a class that contains `!`. */
const options = { dot: true, posix: true, strictBrackets: true, debug: true, expandRange } as const;

/**
 * Compiles `glob`.
 *
 * @throws Error with one line that says what is wrong with it
 */
export function compileGlob(glob: string, budget: TimeBudget): CompiledGlob {
  if (glob.length > maxGlobLength) throw new Error(`it is longer than ${maxGlobLength} characters`);
  if (glob.includes('\0')) throw new Error('it contains a NUL character');
  const path = literalPath(glob);
  if (path !== undefined) return { kind: 'literal', path };
  checkSize(glob);
  return { kind: 'wildcard', regex: makeRegex(glob, budget), prefix: fixedPrefix(glob), costly: isCostly(glob) };
}

/**
 * The path that a glob without wildcards stands for, backslashes removed. A backslash before a letter or digit is left
 * to micromatch, which passes it to the regular expression (`\d`).
 */
function literalPath(glob: string): string | undefined {
  if (!/^(?:[^*?[\]{}()|"\\]|\\[^\p{L}\p{N}])*$/u.test(glob)) return undefined;
  return glob.replace(/\\(.)/gsu, '$1');
}

function checkSize(glob: string): void {
  const count = (construct: RegExp) => glob.match(construct)?.length ?? 0;
  // `{a,}` becomes an optional group.
  if (count(/\(|[{,](?=[,}])/g) > maxGroups) throw new Error(`it has more than ${maxGroups} groups`);
  if (count(/\{/g) > maxBraces) throw new Error(`it has more than ${maxBraces} pairs of braces`);
  if (count(/[*?+[]/g) > maxWildcards) throw new Error(`it has more than ${maxWildcards} wildcards`);
}

function makeRegex(glob: string, budget: TimeBudget): RegExp {
  const safe = glob.length <= maxUnguardedLength && !glob.includes('\\');
  const compiled = safe ? tryMakeRegex(glob) : budget.run(() => tryMakeRegex(glob));
  if (compiled === ranOutOfTime) throw new Error('it is too complex to be compiled in time');
  return compiled;
}

function tryMakeRegex(glob: string): RegExp {
  try {
    const regex = micromatch.makeRe(glob, options);
    // V8 compiles at the first use, and only then says that an expression is too large.
    regex.test('/');
    return regex;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // picomatch writes "\\]" for "\]", and shows its regular expression, which nobody has written.
    throw new Error(reason.replaceAll('\\\\', '\\').replace(/^Invalid regular expression: .*\/[a-z]*: /s, ''));
  }
}

/** Without this, picomatch reads `{1..12}` as the character class `[1-12]`. */
function expandRange(from: string, to: string, step?: unknown): string {
  const range = typeof step === 'string' ? `{${from}..${to}..${step}}` : `{${from}..${to}}`;
  return `(?:${micromatch.braces(range).join('|')})`;
}

/** What stands before the first special character; empty where an alternative may begin differently. */
function fixedPrefix(glob: string): string {
  const oneFlatGroup = /^[^|]*\([^()]*\)[^|]*$/;
  if (glob.includes('|') && !oneFlatGroup.test(glob)) return '';
  const [fixed = ''] = /^[^*?[\]{}()|"\\+@!]*/.exec(glob) ?? [];
  // `/a/**` matches `/a` too.
  return fixed.replace(/\/$/, '');
}

/**
 * Bounds the backtracking of `glob` on a path of 4096 bytes whose names have at most 255.
 *
 * One `*` stays within a name, so that k of them try at most 255^k / k! ways, each in another name less. One `**` can
 * stop at each slash: the names behind it have 4096 bytes together, hence 4096 / 255 times that. Braces multiply it by
 * the number of their combinations. Two `**`, groups, quantifiers and ranges have no useful bound.
 */
function isCostly(glob: string): boolean {
  if (glob.length > maxUnguardedLength || /[()|+"\\]|\.\.[^/]*\}/.test(glob)) return true;
  // Elsewhere than between slashes, `**` is a star or more, by rules that are not worth repeating here.
  if (/[^/*]\*\*|\*\*[^/]/.test(glob)) return true;
  const globstars = glob.match(/\*\*/g)?.length ?? 0;
  const combinations = countCombinations(glob);
  if (globstars > 1 || (globstars === 1 && combinations > 1)) return true;
  const stars = glob.match(/(?<!\*)\*(?!\*)/g)?.length ?? 0;
  let steps = combinations * (globstars === 1 ? maxPathLength / maxNameLength : 1);
  for (let star = 1; star <= stars; star++) steps *= maxNameLength / star;
  return steps > maxSteps;
}

/** At most how many globs without braces `glob` stands for. */
function countCombinations(glob: string): number {
  let combinations = 1;
  const alternatives: number[] = [];
  for (const character of glob) {
    const inner = alternatives.length - 1;
    if (character === '{') alternatives.push(1);
    else if (character === ',' && inner >= 0) alternatives[inner] = (alternatives[inner] ?? 1) + 1;
    else if (character === '}') combinations *= alternatives.pop() ?? 1;
  }
  return alternatives.reduce((product, count) => product * count, combinations);
}
