/**
 * What a collector tells about itself while it runs: its status socket, a file that names its destinations for when it is not
 * there, and where `--metrics` asks for it, its metrics.
 *
 * Guarantees: never in the way of collecting. A status socket that can't be made is reported; an address for metrics
 * that can't be had is an error, because somebody has just asked for it.
 */
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { readVersion } from '../config/version.js';
import { ChunkCensus } from '../status/chunk-census.js';
import { describeCollector } from '../status/collector-status.js';
import { DocumentSocket } from '../status/document-socket.js';
import type { CollectorStatus } from '../status/status-document.js';
import type { Collector } from './collector.js';
import { forgetDestinations, noteDestinations } from './destination-names.js';

export class CollectorService {
  private readonly socket: DocumentSocket;
  private readonly census: ChunkCensus;
  /** The destinations that were written down last. */
  private noted = '';
  private closeMetrics: () => void = () => undefined;

  constructor(
    private readonly collector: Collector,
    private readonly options: { readonly root: string; readonly metrics: string | undefined },
    private readonly logger: Logger,
  ) {
    const { logs, collectorSocket } = cachePaths(options.root);
    this.census = new ChunkCensus(logs);
    const release = readVersion();
    this.socket = new DocumentSocket(collectorSocket, groupOf(options.root), () => this.describe(release));
  }

  /** @throws LogaggError when the address for metrics can't be had */
  async start(): Promise<void> {
    this.noteDestinations();
    try {
      await this.socket.open();
    } catch (error) {
      this.logger.warn({ reason: reasonOf(error) }, "the status socket can't be opened");
    }
    const { metrics } = this.options;
    if (metrics === undefined) return;
    const { openCollectorMetrics } = await import('../observability/collector-metrics.js');
    const server = openCollectorMetrics(metrics, groupOf(this.options.root), {
      root: this.options.root,
      describe: () => this.describe(readVersion()),
    });
    try {
      await server.open();
    } catch (error) {
      throw new LogaggError('LOGAGG_USAGE', `--metrics ${metrics} can't be used: ${reasonOf(error)}`, { cause: error });
    }
    this.closeMetrics = () => server.close();
  }

  stop(): void {
    this.socket.close();
    this.closeMetrics();
    try {
      forgetDestinations(cachePaths(this.options.root).meta);
    } catch {
      // It stays, and harms nobody.
    }
  }

  private describe(release: string): Promise<CollectorStatus> {
    this.noteDestinations();
    return describeCollector(this.collector, this.census, this.options.root, release);
  }

  private noteDestinations(): void {
    const names = this.collector.loops.map(({ name }) => name);
    if (names.join('\n') === this.noted) return;
    this.noted = names.join('\n');
    try {
      noteDestinations(cachePaths(this.options.root).meta, names);
    } catch {
      // On a full disk it can't be told; status then shows the files' names.
    }
  }
}

/** The group that may read the log cache; undefined for root alone. */
function groupOf(root: string): number | undefined {
  const { mode, gid } = statSync(root);
  return (mode & 0o050) === 0o050 ? gid : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
