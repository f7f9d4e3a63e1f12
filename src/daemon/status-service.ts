/**
 * What a server tells about itself while it serves: its status socket, and where `metrics=` asks for it, its metrics.
 *
 * Guarantees: on the main thread, without the mountpoint, and never in the way of serving: what can't be opened is reported in the own log
 * and tried again every ten seconds.
 */
import type { Logger } from 'pino';
import { type PackedChunks, unpackChunks } from '../capture/packed-chunks.js';
import { cachePaths } from '../config/cache-paths.js';
import { resolveGroup } from '../config/group.js';
import type { MountOptions } from '../config/mount-options.js';
import { readVersion } from '../config/version.js';
import type { Engine, EngineCounters } from '../fuse/engine.js';
import { errorCode, reasonOf } from '../libc/errno-text.js';
import { OperationTimes } from '../observability/operation-times.js';
import { ChunkCensus } from '../status/chunk-census.js';
import { DocumentSocket } from '../status/document-socket.js';
import { describeServer, type ServerFacts } from '../status/server-status.js';
import { StreamLedger } from '../status/stream-ledger.js';
import { StreamPaths } from '../status/stream-paths.js';

const RETRY_MS = 10_000;

/** Something that is opened once, and closed. */
interface Opening {
  open(): Promise<void>;
  close(): void;
}

export class StatusService {
  readonly times = new OperationTimes();
  readonly ledger = new StreamLedger(() => this.engine?.streamSlots);
  private engine: Engine | undefined;
  private readonly openings: Opening[] = [];
  private readonly retries = new Set<NodeJS.Timeout>();

  constructor(
    private readonly options: MountOptions,
    private readonly logger: Logger,
    private readonly counters: () => EngineCounters,
  ) {}

  /**
   * @param how - how the engine serves, in words
   * @param leftovers - chunks that were there at the start, all sealed
   */
  async start(engine: Engine, how: string, leftovers: PackedChunks): Promise<void> {
    this.engine = engine;
    const { root, group, metrics } = this.options;
    const facts = this.facts(engine, how, leftovers);
    const gid = group === undefined ? undefined : resolveGroup(group);
    await this.open(
      'the status socket',
      new DocumentSocket(cachePaths(root).statusSocket, gid, () => describeServer(facts)),
    );
    if (metrics === undefined) return;
    const { openServerMetrics } = await import('../observability/server-metrics.js');
    await this.open(`metrics=${metrics}`, openServerMetrics(metrics, gid, facts));
  }

  stop(): void {
    for (const timer of this.retries) clearTimeout(timer);
    for (const opening of this.openings) opening.close();
  }

  private async open(what: string, opening: Opening): Promise<void> {
    try {
      await opening.open();
      this.openings.push(opening);
    } catch (error) {
      const reason = errorCode(error) === undefined ? String(error) : reasonOf(error);
      this.logger.warn({ reason }, `${what} can't be opened, will be tried again`);
      const timer = setTimeout(() => {
        this.retries.delete(timer);
        void this.open(what, opening);
      }, RETRY_MS).unref();
      this.retries.add(timer);
    }
  }

  private facts(engine: Engine, how: string, leftovers: PackedChunks): ServerFacts {
    const { root, mountpoint } = this.options;
    const { logs, meta } = cachePaths(root);
    return {
      ...{ root, mountpoint, how, ledger: this.ledger, times: this.times },
      release: readVersion(),
      engine: engine.name,
      counters: this.counters,
      census: new ChunkCensus(logs, () => unpacked(leftovers)),
      isThere: () => engine.isThere(),
      paths: new StreamPaths(meta),
    };
  }
}

function unpacked(chunks: PackedChunks): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  unpackChunks(chunks, sizes);
  return sizes;
}
