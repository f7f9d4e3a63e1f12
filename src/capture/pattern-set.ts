/**
 * The patterns in force: is a path tracked?
 *
 * Guarantees: the last rule that matches decides, as in micromatch's lists; without one a path is not tracked. A
 * decision costs the same for 10 literal lines as for 10,000. A pattern that would hold up the thread is interrupted,
 * reported once and never tried again; about 2 s are lost to such patterns in all, however many there are. Never
 * throws. Does not know what is excluded for other reasons (see `skipped-writers.ts`), and has no access to files.
 */

import { compileGlob } from './glob.js';
import { ranOutOfTime, TimeBudget } from './time-budget.js';
import { quoteGlob, type TrackProblem, type TrackRule } from './track-list.js';
import { WildcardIndex, type WildcardRule } from './wildcard-index.js';

/** Longest time in milliseconds that one path may take in costly patterns before one of them is suspected. */
const matchLimitMilliseconds = 100;
const maxDecisions = 10_000;
/** No such name exists in Linux's file systems, and the bound of quick patterns does not cover it. */
const oversizedName = /[^/]{256}/;

/** Decides which paths are tracked. Serves one thread. */
export class PatternSet {
  private readonly rules: readonly TrackRule[];
  private readonly onProblem: (problem: TrackProblem) => void;
  /** Highest index of the rules that a path matches literally. */
  private readonly literals = new Map<string, number>();
  private readonly quick = new WildcardIndex();
  private readonly costly = new WildcardIndex();
  private readonly setAside = new Set<WildcardRule>();
  private readonly decisions = new Map<string, boolean>();
  private readonly budget = new TimeBudget(matchLimitMilliseconds);
  /** How many rules are compiled. */
  private compiled = 0;

  /**
   * @param rules - in the order of their lines
   * @param onProblem - told once about every rule that can't be used, now or when it is first tried
   * @param isComplete - false for a set to be compiled bit by bit with {@link compileFor}, before it is asked anything
   */
  constructor(rules: readonly TrackRule[], onProblem: (problem: TrackProblem) => void, isComplete = true) {
    this.rules = rules;
    this.onProblem = onProblem;
    if (isComplete) this.compileFor(Number.POSITIVE_INFINITY);
  }

  /** Compiles for so many milliseconds at most, but for the last pattern. @returns whether all are compiled */
  compileFor(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    for (let rule = this.rules[this.compiled]; rule !== undefined; rule = this.rules[this.compiled]) {
      this.compile(rule, this.compiled++);
      if (performance.now() >= end) break;
    }
    return this.compiled >= this.rules.length;
  }

  /** @param path - full path under the mountpoint, such as `/var/log/syslog` */
  tracks(path: string): boolean {
    const known = this.decisions.get(path);
    if (known !== undefined) return known;
    const rule = this.rules[this.lastMatch(path)];
    const decision = rule !== undefined && !rule.exclude;
    if (this.decisions.size >= maxDecisions) this.decisions.clear();
    this.decisions.set(path, decision);
    return decision;
  }

  private compile(rule: TrackRule, index: number): void {
    try {
      const compiled = compileGlob(rule.glob, this.budget);
      // A file whose name is the glob itself matches too: so micromatch has it for `a[1].log`.
      this.literals.set(rule.glob, index);
      if (compiled.kind === 'literal') this.literals.set(compiled.path, index);
      else (compiled.costly ? this.costly : this.quick).add({ ...compiled, rule, index });
    } catch (error) {
      this.report(rule, error instanceof Error ? error.message : String(error));
    }
  }

  /** Index of the last rule that matches, or -1. */
  private lastMatch(path: string): number {
    let last = this.literals.get(path) ?? -1;
    const quick = this.quick.candidates(path, last).filter((entry) => !this.setAside.has(entry));
    if (oversizedName.test(path)) last = this.lastGuardedMatch(path, quick, last);
    else last = quick.find(({ regex }) => regex.test(path))?.index ?? last;
    const costly = this.costly.candidates(path, last).filter((entry) => !this.setAside.has(entry));
    return this.lastGuardedMatch(path, costly, last);
  }

  /** Tries all candidates in one guarded call, because such a call costs more than most matches. */
  private lastGuardedMatch(path: string, candidates: readonly WildcardRule[], otherwise: number): number {
    if (candidates.length === 0) return otherwise;
    let at = 0;
    const firstMatch = () => {
      while (at < candidates.length && candidates[at]?.regex.test(path) !== true) at += 1;
    };
    for (;;) {
      const outcome = this.guarded(firstMatch);
      const entry = candidates[at];
      if (entry === undefined) return otherwise;
      if (outcome !== ranOutOfTime || this.matchesAlone(entry, path)) return entry.index;
      at += 1;
    }
  }

  /** A second chance with the whole time limit: the patterns before it may have used up the first. */
  private matchesAlone(entry: WildcardRule, path: string): boolean {
    const outcome = this.guarded(() => entry.regex.test(path));
    if (outcome !== ranOutOfTime) return outcome;
    this.setAside.add(entry);
    this.report(entry.rule, 'matching it takes too long; write it with fewer wildcards or without nested groups');
    return false;
  }

  /** V8 throws where an expression needs more stack or memory than it grants: as good as out of time. */
  private guarded<T>(task: () => T): T | typeof ranOutOfTime {
    try {
      return this.budget.run(task);
    } catch {
      return ranOutOfTime;
    }
  }

  private report({ line, glob }: TrackRule, reason: string): void {
    this.onProblem({ line, kind: 'error', message: `pattern ${quoteGlob(glob)} is ignored: ${reason}` });
  }
}
