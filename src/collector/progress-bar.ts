/**
 * A progress bar on a terminal: bytes, rate, time left.
 *
 * Guarantees: writes to stderr only. Does not take part in the work: it looks at counters a few times a second.
 */
// A CommonJS module, of which Node finds no named exports.
import progress from 'cli-progress';

const refreshMilliseconds = 250;

export class ProgressBar {
  private readonly bar: progress.SingleBar;
  private timer: NodeJS.Timeout | undefined;
  private begun = 0;

  /** @param done - bytes done so far */
  constructor(private readonly done: () => number) {
    this.bar = new progress.SingleBar(
      {
        format: 'collect {bar} {percentage}% | {doneText} of {totalText} | {rate}/s | {eta_formatted} left',
        stream: process.stderr,
        hideCursor: true,
        etaBuffer: 40,
      },
      progress.Presets.shades_classic,
    );
  }

  /** @param total - bytes to be done */
  start(total: number): void {
    this.begun = performance.now();
    this.bar.start(total, 0, this.texts(total, 0));
    this.timer = setInterval(() => this.show(), refreshMilliseconds).unref();
  }

  stop(): void {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    this.show();
    this.bar.stop();
  }

  private show(): void {
    const done = this.done();
    // Live chunks may have grown meanwhile.
    if (done > this.bar.getTotal()) this.bar.setTotal(done);
    this.bar.update(done, this.texts(this.bar.getTotal(), done));
  }

  private texts(total: number, done: number): Record<string, string> {
    const seconds = Math.max(0.001, (performance.now() - this.begun) / 1000);
    return { doneText: formatBytes(done), totalText: formatBytes(total), rate: formatBytes(done / seconds) };
  }
}

/** `1.2 GB`: decimal units, as disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
