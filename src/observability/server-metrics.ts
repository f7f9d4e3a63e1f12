/**
 * What a mount serves at `metrics=`.
 *
 * Guarantees: numbers of the moment in which they are asked for, as in the status document. Health is that the thread that serves
 * requests is alive.
 */
import { describeServer, type ServerFacts, seen } from '../status/server-status.js';
import type { ServerStatus } from '../status/status-document.js';
import { MetricSet } from './metric-set.js';
import { observationServer } from './observation-server.js';
import { OperationHistogram } from './operation-histogram.js';
import type { OperationTimes } from './operation-times.js';
import { PathLabels } from './path-labels.js';
import type { WebServer } from './web-server.js';

/**
 * @param address - as `config/listen-address.ts` writes it
 * @param gid - group that may connect to a Unix socket; undefined for root alone
 */
export function openServerMetrics(address: string, gid: number | undefined, facts: ServerFacts): WebServer {
  const metrics = new ServerMetrics(facts.times);
  const describe = (): Promise<ServerStatus> => describeServer(facts);
  return observationServer(address, gid, {
    place: { root: facts.root, mountpoint: facts.mountpoint, isMounted: true },
    sources: { server: describe },
    contentType: metrics.contentType,
    metrics: async () => metrics.render(await describe()),
    illness: async () =>
      (await seen(facts.isThere())) === 'answers' ? undefined : 'the thread that serves requests does not answer',
  });
}

/** The metrics of a server. */
export class ServerMetrics {
  private readonly set = new MetricSet();
  private readonly labels = new PathLabels();
  private readonly info = this.set.gauge('logagg_fs_info', 'Always 1; what serves.', [
    'version',
    'engine',
    'mountpoint',
  ]);
  private readonly started = this.set.gauge('logagg_fs_start_time_seconds', 'Start of the process, since 1970.');
  private readonly memory = this.set.gauge('logagg_fs_resident_memory_bytes', 'Resident memory of the process.');
  private readonly loop = this.set.gauge(
    'logagg_fs_request_loop_up',
    '1 while the thread that serves requests answers.',
  );
  private readonly restarts = this.set.counter('logagg_fs_restarts_total', 'Servers that died or were replaced.');
  private readonly resent = this.set.counter('logagg_fs_resent_requests_total', 'Requests that the kernel sent again.');
  private readonly bytes = this.stream('counter', 'logagg_fs_captured_bytes_total', 'Bytes captured.');
  private readonly lines = this.stream('counter', 'logagg_fs_captured_lines_total', 'Lines captured.');
  private readonly droppedBytes = this.stream('counter', 'logagg_fs_dropped_bytes_total', 'Bytes lost to capture.');
  private readonly droppedLines = this.stream('counter', 'logagg_fs_dropped_lines_total', 'Lines lost to capture.');
  private readonly streamBacklog = this.stream('gauge', 'logagg_fs_backlog_bytes', 'Bytes of chunks in logs/.');
  private readonly streams = this.set.gauge('logagg_fs_streams', 'Streams known.');
  private readonly others = this.set.gauge('logagg_fs_streams_other', 'Streams that share the series path="(other)".');
  private readonly chunks = this.set.gauge('logagg_fs_chunks', 'Chunks in logs/.');
  private readonly chunkBytes = this.set.gauge('logagg_fs_chunk_bytes', 'Bytes of all chunks in logs/.');
  private readonly oldest = this.set.gauge(
    'logagg_fs_oldest_chunk_age_seconds',
    'Age of the oldest chunk; 0 without any.',
  );
  private readonly operations = this.set.counter('logagg_fs_operations_total', 'Operations served.', ['operation']);

  constructor(private readonly times: OperationTimes) {
    new OperationHistogram(times, this.set.registry);
  }

  get contentType(): string {
    return this.set.contentType;
  }

  /** @returns text format of Prometheus */
  render(status: ServerStatus): Promise<string> {
    return this.set.render(() => {
      this.setProcess(status);
      this.setStreams(status);
      for (const { kind, count } of this.times.totals()) this.operations(count, { operation: kind });
    });
  }

  private stream(kind: 'counter' | 'gauge', name: string, help: string): ReturnType<MetricSet['gauge']> {
    return this.set[kind](name, `${help} Of each stream; of those beyond the first 500 together, path="(other)".`, [
      'path',
    ]);
  }

  private setProcess(status: ServerStatus): void {
    const { release: version, engine, mountpoint, backlog } = status;
    this.info(1, { version, engine, mountpoint });
    this.started(Date.parse(status.startedAt) / 1000);
    this.memory(status.memoryBytes);
    this.loop(status.requestLoop === 'answers' ? 1 : 0);
    this.restarts(status.restarts);
    this.resent(status.resentRequests);
    this.chunks(backlog.chunks);
    this.chunkBytes(backlog.bytes);
    this.oldest(backlog.oldestSeconds ?? 0);
  }

  private setStreams({ streams, captured, backlog }: ServerStatus): void {
    const totals = {
      capturedBytes: captured.bytes,
      capturedLines: captured.lines,
      droppedBytes: captured.droppedBytes,
      droppedLines: captured.droppedLines,
      backlogBytes: backlog.bytes,
    };
    for (const one of this.labels.label(streams, totals)) {
      const { path } = one;
      this.bytes(one.capturedBytes, { path });
      this.lines(one.capturedLines, { path });
      this.droppedBytes(one.droppedBytes, { path });
      this.droppedLines(one.droppedLines, { path });
      this.streamBacklog(one.backlogBytes, { path });
    }
    this.streams(streams.length);
    this.others(this.labels.others(streams));
  }
}
