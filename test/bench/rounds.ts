/**
 * Rounds: everything that is compared is measured once in each, in turn.
 *
 * Guarantees: each round begins with another one, so that nobody always follows the same neighbour and a machine that
 * gets slower over time slows all of them alike. Whoever fails is out for the rest; the others go on.
 */

/** One that takes part, and the values that it has so far: one for each round. */
export interface Entrant<T> {
  readonly subject: T;
  readonly values: number[];
}

/**
 * Measures each subject in each round.
 *
 * @param onFailure - gets whoever fails; his values are dropped
 */
export async function inRounds<T>(
  subjects: readonly T[],
  rounds: number,
  sample: (subject: T, round: number) => Promise<number>,
  onFailure: (subject: T, error: unknown) => void,
): Promise<Entrant<T>[]> {
  let entrants = subjects.map((subject) => ({ subject, values: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    const first = round % Math.max(entrants.length, 1);
    for (const entrant of [...entrants.slice(first), ...entrants.slice(0, first)]) {
      try {
        entrant.values.push(await sample(entrant.subject, round));
      } catch (error) {
        onFailure(entrant.subject, error);
      }
    }
    entrants = entrants.filter(({ values }) => values.length === round + 1);
  }
  return entrants;
}
