/**
 * Tells on standard error what is being measured.
 *
 * Guarantees: on a terminal one bar for each group, elsewhere one line for each group; standard output is left to the
 * tables. Never fails a benchmark.
 */
import { Presets, SingleBar } from 'cli-progress';

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

export class Progress {
  private readonly bar: SingleBar;
  private readonly start = performance.now();
  private groupStart = 0;
  private planned = 0;
  private group = '';

  constructor() {
    const format = '{group} {bar} {value}/{total} │ {what}';
    const options = { format, barsize: 24, hideCursor: true, clearOnComplete: true, stopOnComplete: false };
    this.bar = new SingleBar({ ...options, fps: 5, stream: process.stderr }, Presets.shades_classic);
  }

  /** @param position - for example `3/9` */
  beginGroup(position: string, name: string): void {
    this.group = `[${position}] ${name.padEnd(9)}`;
    this.groupStart = performance.now();
    this.planned = 0;
    this.bar.start(1, 0, { group: this.group, what: 'preparing' });
  }

  /** Says how many samples are to come, beyond those that were announced before. */
  announce(samples: number): void {
    this.planned += samples;
    this.bar.setTotal(this.planned);
  }

  /** Says what is being measured. */
  show(what: string): void {
    this.bar.update({ what: what.slice(0, 70) });
  }

  /** Counts a sample. */
  step(): void {
    this.bar.increment();
  }

  endGroup(): void {
    this.bar.stop();
    process.stderr.write(`${this.group} ${seconds(this.groupStart)}\n`);
  }

  end(): void {
    this.bar.stop();
    process.stderr.write(`all ${' '.repeat(11)} ${seconds(this.start)}\n`);
  }

  /** Leaves the terminal as it was. */
  abandon(): void {
    this.bar.stop();
  }
}
