/**
 * How long to wait before the next attempt.
 *
 * Guarantees: grows exponentially to a limit; a random half keeps many collectors from coming back in the same moment.
 */

const firstMilliseconds = 250;
const longestMilliseconds = 30_000;

export class Backoff {
  private attempts = 0;

  /** @param random - from 0 to below 1, replaced in tests */
  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const full = Math.min(longestMilliseconds, firstMilliseconds * 2 ** this.attempts);
    this.attempts = Math.min(this.attempts + 1, 30);
    return full / 2 + (this.random() * full) / 2;
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.attempts = 0;
  }
}
