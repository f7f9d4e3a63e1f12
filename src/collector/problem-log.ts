/**
 * Problems that repeat.
 *
 * Guarantees: each kind of problem is logged at once, and then at most once a minute with how often it happened meanwhile.
 * Never more than 1,000 kinds are told apart.
 */
import type { Logger } from 'pino';

const intervalMilliseconds = 60_000;
const maxKinds = 1_000;

interface Tally {
  loggedAt: number;
  suppressed: number;
}

export class ProblemLog {
  /** Problems so far. */
  total = 0;
  private readonly kinds = new Map<string, Tally>();

  constructor(
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param kind - what is counted together
   * @param details - go into the line as they are: no credentials
   * @param count - how often it happened
   */
  report(kind: string, details: Readonly<Record<string, unknown>>, message: string, count = 1): void {
    this.total += count;
    let tally = this.kinds.get(kind);
    if (tally === undefined) {
      if (this.kinds.size >= maxKinds) this.kinds.clear();
      tally = { loggedAt: Number.NEGATIVE_INFINITY, suppressed: 0 };
      this.kinds.set(kind, tally);
    }
    tally.suppressed += count;
    if (this.now() - tally.loggedAt < intervalMilliseconds) return;
    this.logger.warn({ ...details, count: tally.suppressed }, message);
    tally.loggedAt = this.now();
    tally.suppressed = 0;
  }

  /** The problem is over: the next one is logged at once. */
  over(kind: string): void {
    this.kinds.delete(kind);
  }
}
