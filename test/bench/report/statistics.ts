/**
 * Statistics of samples.
 *
 * Guarantees: pure functions; without samples the result is NaN, which fails every comparison.
 */

/** The middle one of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * Median of the ratios within each round: what slowed the machine for a while slowed both.
 *
 * @param above - one value for each round, in order, as `below`
 */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.slice(0, below.length).map((value, round) => value / (below[round] ?? Number.NaN)));
}
