/**
 * The whole status of one log cache: what its server and its collector say, or what its files tell where they say nothing.
 *
 * Guarantees: an answer within seconds, whatever state server and collector are in. Reads `logs/`, `meta/` and sockets; changes
 * nothing and never touches the mountpoint.
 */
import { join } from 'node:path';
import { readProgress } from '../collector/checkpoint.js';
import { filesOfProgress, readDestinations } from '../collector/destination-names.js';
import { cachePaths } from '../config/cache-paths.js';
import { type Answer, askStatus } from './ask-status.js';
import { backlogBehind, backlogOfAll, type Census, ChunkCensus } from './chunk-census.js';
import type { CachePlace } from './find-cache.js';
import { describeChunks } from './server-status.js';
import {
  type CollectorStatus,
  collectorStatus,
  type FullStatus,
  type ServerStatus,
  serverStatus,
} from './status-document.js';
import { StreamPaths } from './stream-paths.js';

/** Where to ask; what is not said here is asked at the sockets. */
export interface Sources {
  readonly server?: () => Promise<ServerStatus>;
  readonly collector?: () => Promise<CollectorStatus>;
}

export class StatusGatherer {
  private readonly census: ChunkCensus;
  private readonly paths: StreamPaths;

  /** @param sources - for a server or a collector that asks about itself */
  constructor(
    private readonly place: CachePlace,
    private readonly sources: Sources = {},
  ) {
    const { logs, meta } = cachePaths(place.root);
    this.census = new ChunkCensus(logs);
    this.paths = new StreamPaths(meta);
  }

  async gather(): Promise<FullStatus> {
    const { root, mountpoint, isMounted } = this.place;
    const [server, collector] = await Promise.all([this.askServer(), this.askCollector()]);
    const isWhole = server.status !== null && collector.status !== null;
    const census: Census = isWhole ? new Map() : await this.census.look();
    return {
      version: 1,
      time: new Date().toISOString(),
      root,
      mountpoint: server.status?.mountpoint ?? mountpoint ?? null,
      isMounted: isMounted || server.status !== null,
      server: { ...server, status: server.status === null ? null : withoutStreams(server.status) },
      collector: { ...collector, resting: collector.status === null ? this.resting(census) : [] },
      backlog: server.status?.backlog ?? backlogOfAll(census),
      streams: server.status?.streams ?? describeChunks(census, this.paths),
    };
  }

  private async askServer(): Promise<Answer<ServerStatus>> {
    const { meta, statusSocket } = cachePaths(this.place.root);
    if (this.sources.server !== undefined) return present(await this.sources.server());
    return askStatus(statusSocket, join(meta, 'server.pid'), serverStatus);
  }

  private async askCollector(): Promise<Answer<CollectorStatus>> {
    const { meta, collectorSocket } = cachePaths(this.place.root);
    if (this.sources.collector !== undefined) return present(await this.sources.collector());
    return askStatus(collectorSocket, join(meta, 'collector.pid'), collectorStatus);
  }

  /** Destinations whose collector does not answer, by their files of progress. */
  private resting(census: Census): FullStatus['collector']['resting'] {
    const { meta } = cachePaths(this.place.root);
    const names = readDestinations(meta);
    return readOr(() => filesOfProgress(meta), []).map((file) => {
      const progress = readOr(() => readProgress(join(meta, file)), new Map<string, never>());
      return { name: names.get(file) ?? file, backlog: backlogBehind(census, (stream) => progress.get(stream)) };
    });
  }
}

function present<Status>(status: Status): Answer<Status> {
  return { state: 'running', reason: null, status };
}

function withoutStreams(status: ServerStatus): NonNullable<FullStatus['server']['status']> {
  const { streams: _, ...others } = status;
  return others;
}

function readOr<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
