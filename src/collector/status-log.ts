/**
 * The status line that a collector writes to its log once a minute.
 *
 * Guarantees: one line with what was delivered since the last one, what is waiting, and by destination its lag and its errors.
 * No credentials.
 */
import type { Logger } from 'pino';
import { backlogOf } from './backlog.js';
import type { Collector } from './collector.js';
import type { DeliveryLoop } from './delivery-loop.js';

const intervalMilliseconds = 60_000;

export class StatusLog {
  private timer: NodeJS.Timeout | undefined;
  private lines = 0;
  private bytes = 0;

  constructor(
    private readonly collector: Collector,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.write('status'), intervalMilliseconds).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** @param message - what the line is about */
  write(message: string): void {
    const { collector } = this;
    const lines = sum(collector.loops, ({ counters }) => counters.records);
    const bytes = sum(collector.loops, ({ counters }) => counters.bytes);
    const status = {
      lines: lines - this.lines,
      bytes: bytes - this.bytes,
      backlogChunks: collector.inventory.chunks,
      ...(collector.router.unroutedChunks > 0 ? { unroutedChunks: collector.router.unroutedChunks } : {}),
      removedChunks: collector.removedChunks,
      ...notable(collector.oddities),
      ...notable(collector.lost),
      destinations: collector.loops.map((loop) => this.describe(loop)),
    };
    this.lines = lines;
    this.bytes = bytes;
    this.logger.info(status, message);
  }

  private describe({ name, counters, dropped }: DeliveryLoop): Record<string, unknown> {
    const { records, retries, refused, failure } = counters;
    const { chunks, lagSeconds } = backlogOf(this.collector, name);
    return { name, lines: records, chunks, lagSeconds, ...notable({ retries, refused, dropped }), failure };
  }
}

/** Only what is not 0. */
function notable(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
