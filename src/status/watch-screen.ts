/**
 * `status --watch`: a screen that shows the status anew every second.
 *
 * Guarantees: uses the terminal's alternate screen, and gives the terminal back as it was however it ends: by `q`, Ctrl-C, a signal,
 * a failure. Follows changes of its size at once. One look at a time: a server that does not answer makes the screen older, not
 * the terminal slower.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import { noRates, type Rates, ratesBetween } from './rates.js';
import type { FullStatus } from './status-document.js';
import { viewStatus } from './status-view.js';
import { paint } from './text-table.js';

const INTERVAL_MS = 1000;
/** Alternate screen, cursor hidden; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_TO_END_OF_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const CTRL_C = '\x03';
const QUITTING: readonly string[] = ['q', 'Q', CTRL_C, '\x1b'];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export class WatchScreen {
  private before: FullStatus | undefined;
  private now: FullStatus | undefined;
  private rates: Rates = noRates;
  private timer: NodeJS.Timeout | undefined;
  private end: (error?: unknown) => void = () => undefined;
  private isOver = false;

  constructor(
    private readonly gather: () => Promise<FullStatus>,
    private readonly input: ReadStream,
    private readonly output: WriteStream,
    private readonly colours: boolean,
  ) {}

  /** Shows until somebody ends it. @returns the signal that did, if any */
  async run(): Promise<NodeJS.Signals | undefined> {
    let signal: NodeJS.Signals | undefined;
    const onSignal = (name: NodeJS.Signals): void => {
      signal = name;
      this.end();
    };
    const onKey = (key: Buffer): void => {
      if (QUITTING.includes(key.toString())) this.end();
    };
    const onResize = (): void => this.draw();
    const ended = new Promise<void>((resolve, reject) => {
      this.end = (error) => (error === undefined ? resolve() : reject(error));
    });
    for (const name of SIGNALS) process.on(name, onSignal);
    this.input.setRawMode(true).on('data', onKey).resume();
    this.output.on('resize', onResize);
    this.output.write(ENTER);
    void this.look();
    try {
      await ended;
    } finally {
      this.isOver = true;
      clearTimeout(this.timer);
      this.output.write(LEAVE);
      this.output.off('resize', onResize);
      this.input.off('data', onKey).setRawMode(false).pause();
      for (const name of SIGNALS) process.off(name, onSignal);
    }
    return signal;
  }

  private async look(): Promise<void> {
    const begun = performance.now();
    try {
      const status = await this.gather();
      this.before = this.now;
      this.now = status;
      this.rates = ratesBetween(this.before, status);
      this.draw();
    } catch (error) {
      this.end(error);
    }
    if (this.isOver) return;
    this.timer = setTimeout(() => void this.look(), Math.max(50, INTERVAL_MS - (performance.now() - begun)));
  }

  private draw(): void {
    if (this.now === undefined || this.isOver) return;
    const { columns = 80, rows = 24 } = this.output;
    const { colours } = this;
    const lines = viewStatus(this.now, this.rates, { width: columns, height: rows - 1, colours }).slice(0, rows - 1);
    const blank = Array.from({ length: Math.max(0, rows - 1 - lines.length) }, () => '');
    const footer = paint('q quits', 'dim', colours);
    const screen = [...lines, ...blank, footer].map((line) => line + CLEAR_TO_END_OF_LINE).join('\r\n');
    this.output.write(HOME + screen + CLEAR_BELOW);
  }
}
