/**
 * A limit of records a second for one log.
 *
 * Guarantees: no more than `perSecond` records of any second pass, nor more than twice that across two. Measured by when
 * the records were written, not by when they are read: what piled up while a destination was away is not over the limit.
 * Does not count what it refuses.
 */

const nanosecondsPerSecond = 1_000_000_000;

export class RateLimit {
  private allowance: number;
  private last: bigint | undefined;

  /** @param perSecond - above 0 */
  constructor(private readonly perSecond: number) {
    this.allowance = Math.max(1, perSecond);
  }

  /** @param time - nanoseconds since 1970; a step back is no time at all */
  admits(time: bigint): boolean {
    if (this.last !== undefined && time > this.last) {
      const earned = (Number(time - this.last) / nanosecondsPerSecond) * this.perSecond;
      this.allowance = Math.min(Math.max(1, this.perSecond), this.allowance + earned);
    }
    if (this.last === undefined || time > this.last) this.last = time;
    if (this.allowance < 1) return false;
    this.allowance -= 1;
    return true;
  }
}
