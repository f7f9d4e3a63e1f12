/**
 * What the charts show: the last ten minutes, a point for each look.
 *
 * Guarantees: bounded. A series that begins later has nothing before, and one that ends has nothing afterwards.
 */
import type { Rates } from '../status/rates.js';
import type { FullStatus } from '../status/status-document.js';

const POINTS = 300;

/** One chart: times in seconds since 1970, then a line of values for each series. */
export interface ChartData {
  readonly times: readonly number[];
  readonly series: ReadonlyMap<string, readonly (number | null)[]>;
}

class Lines {
  private times: number[] = [];
  private readonly values = new Map<string, (number | null)[]>();

  add(time: number, values: ReadonlyMap<string, number | null>): void {
    for (const name of values.keys()) {
      if (!this.values.has(name)) this.values.set(name, new Array<null>(this.times.length).fill(null));
    }
    this.times.push(time);
    for (const [name, line] of this.values) line.push(values.get(name) ?? null);
    if (this.times.length > POINTS) this.dropOldest();
  }

  private dropOldest(): void {
    this.times.shift();
    for (const [name, line] of this.values) {
      line.shift();
      if (line.every((value) => value === null)) this.values.delete(name);
    }
  }

  get data(): ChartData {
    return { times: this.times, series: this.values };
  }
}

export class History {
  readonly captured = new Lines();
  readonly waiting = new Lines();
  readonly delivered = new Lines();
  readonly dropped = new Lines();

  /** @param status - undefined: nobody answered */
  add(time: number, status: FullStatus | undefined, rates: Rates): void {
    const one = (name: string, value: number | null | undefined): Map<string, number | null> =>
      new Map([[name, value ?? null]]);
    this.captured.add(time, one('captured', rates.captured?.bytes));
    this.waiting.add(time, one('waiting', status?.backlog.bytes));
    this.dropped.add(time, one('dropped', rates.dropped));
    this.delivered.add(time, new Map(rates.destinations));
  }
}
