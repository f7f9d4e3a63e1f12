/**
 * What `logagg-fs collect` serves at `--metrics`.
 *
 * Guarantees: numbers of the moment in which they are asked for, as in the status document. Health is that the collector answers;
 * a destination that is away is in the metrics.
 */
import type { CollectorStatus, DestinationStatus } from '../status/status-document.js';
import { MetricSet } from './metric-set.js';
import { observationServer } from './observation-server.js';
import type { WebServer } from './web-server.js';

export interface CollectorFacts {
  readonly root: string;
  readonly describe: () => Promise<CollectorStatus>;
}

/**
 * @param address - as `config/listen-address.ts` writes it
 * @param gid - group that may connect to a Unix socket; undefined for root alone
 */
export function openCollectorMetrics(address: string, gid: number | undefined, facts: CollectorFacts): WebServer {
  const metrics = new CollectorMetrics();
  return observationServer(address, gid, {
    place: { root: facts.root, mountpoint: undefined, isMounted: false },
    sources: { collector: facts.describe },
    contentType: metrics.contentType,
    metrics: async () => metrics.render(await facts.describe()),
    illness: () => Promise.resolve(undefined),
  });
}

/** The metrics of a collector. */
export class CollectorMetrics {
  private readonly set = new MetricSet();
  private readonly info = this.set.gauge('logagg_collect_info', 'Always 1; what collects.', ['version', 'root']);
  private readonly started = this.set.gauge('logagg_collect_start_time_seconds', 'Start of the process, since 1970.');
  private readonly memory = this.set.gauge('logagg_collect_resident_memory_bytes', 'Resident memory of the process.');
  private readonly removed = this.set.counter('logagg_collect_removed_chunks_total', 'Chunks removed after delivery.');
  private readonly unrouted = this.set.gauge('logagg_collect_unrouted_chunks', 'Chunks that no route takes.');
  private readonly sent = this.counter('logagg_collect_sent_records_total', 'Records handed over, repeats included.');
  private readonly records = this.counter('logagg_collect_acknowledged_records_total', 'Records acknowledged.');
  private readonly bytes = this.counter('logagg_collect_acknowledged_bytes_total', 'Bytes of these records.');
  private readonly retries = this.counter('logagg_collect_retries_total', 'Attempts that failed and were repeated.');
  private readonly refused = this.counter('logagg_collect_refused_records_total', 'Records refused for good.');
  private readonly limited = this.counter('logagg_collect_rate_dropped_records_total', 'Records dropped over a rate.');
  private readonly up = this.gauge('logagg_collect_destination_up', '0 while deliveries fail.');
  private readonly backlogBytes = this.gauge('logagg_collect_backlog_bytes', 'Bytes that wait for the destination.');
  private readonly backlogChunks = this.gauge('logagg_collect_backlog_chunks', 'Chunks that wait for it.');
  private readonly lag = this.gauge('logagg_collect_lag_seconds', 'Age of the oldest of them; 0 without any.');

  get contentType(): string {
    return this.set.contentType;
  }

  /** @returns text format of Prometheus */
  render(status: CollectorStatus): Promise<string> {
    return this.set.render(() => {
      this.info(1, { version: status.release, root: status.root });
      this.started(Date.parse(status.startedAt) / 1000);
      this.memory(status.memoryBytes);
      this.removed(status.removedChunks);
      this.unrouted(status.unroutedChunks);
      for (const destination of status.destinations) this.setDestination(destination);
    });
  }

  private setDestination(one: DestinationStatus): void {
    const destination = { destination: one.name };
    this.sent(one.sentRecords, destination);
    this.records(one.acknowledgedRecords, destination);
    this.bytes(one.acknowledgedBytes, destination);
    this.retries(one.retries, destination);
    this.refused(one.refusedRecords, destination);
    this.limited(one.rateDroppedRecords, destination);
    this.up(one.failure === null ? 1 : 0, destination);
    this.backlogBytes(one.backlog.bytes, destination);
    this.backlogChunks(one.backlog.chunks, destination);
    this.lag(one.backlog.oldestSeconds ?? 0, destination);
  }

  private counter(name: string, help: string): ReturnType<MetricSet['counter']> {
    return this.set.counter(name, help, ['destination']);
  }

  private gauge(name: string, help: string): ReturnType<MetricSet['gauge']> {
    return this.set.gauge(name, help, ['destination']);
  }
}
