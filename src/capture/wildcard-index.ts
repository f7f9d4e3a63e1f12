/**
 * Wildcard rules, found by the fixed text with which they begin.
 *
 * Guarantees: finds every rule that can match a path, in time that depends on how many different lengths of fixed text
 * there are and on how many rules share the path's beginning, not on the number of rules. Does not match.
 */

import type { WildcardGlob } from './glob.js';
import type { TrackRule } from './track-list.js';

/** A rule with its compiled glob. */
export interface WildcardRule extends WildcardGlob {
  readonly rule: TrackRule;
  /** Place in the list of rules; the highest that matches decides. */
  readonly index: number;
}

export class WildcardIndex {
  private readonly byPrefix = new Map<string, WildcardRule[]>();
  private readonly lengths = new Set<number>();

  add(entry: WildcardRule): void {
    const entries = this.byPrefix.get(entry.prefix);
    if (entries === undefined) this.byPrefix.set(entry.prefix, [entry]);
    else entries.push(entry);
    this.lengths.add(entry.prefix.length);
  }

  /** The rules behind place `above` whose prefix `path` has, the one that decides first: last line first. */
  candidates(path: string, above: number): WildcardRule[] {
    const found: WildcardRule[] = [];
    for (const length of this.lengths) {
      if (length > path.length) continue;
      for (const entry of this.byPrefix.get(path.slice(0, length)) ?? []) if (entry.index > above) found.push(entry);
    }
    return found.sort((a, b) => b.index - a.index);
  }
}
