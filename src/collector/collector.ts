/**
 * The collector: keeps the inventory up to date, and runs one delivery loop for each destination.
 *
 * Guarantees: a destination that is taken out of the configuration is no
 * longer waited for; one that is added gets what is still there. A changed destination starts where it had got to.
 */
import type { Logger } from 'pino';
import { AccountNames } from './account-names.js';
import { Checkpoint } from './checkpoint.js';
import { ChunkInventory } from './chunk-inventory.js';
import { ChunkRemover } from './chunk-remover.js';
import type { CollectorConfig, DestinationConfig } from './config/collector-config.js';
import { DeliveryLoop } from './delivery-loop.js';
import { findFormat } from './formats/find-format.js';
import { GapReports } from './gap-reports.js';
import { sweepMeta } from './meta-sweep.js';
import { pause } from './pause.js';
import { ProblemLog } from './problem-log.js';
import { ProvenanceBook } from './provenance.js';
import { RecordMaker } from './record-maker.js';
import { RouteTable } from './routes.js';
import { openSink } from './sinks/open-sink.js';
import { StreamReader } from './stream-reader.js';
import { StreamRouter } from './stream-router.js';
import { WindowReader } from './stream-window.js';

const pollMilliseconds = 250;
/** Looking takes at most this part of the time, however many chunks there are. */
const pollShare = 10;
/** Gaps are looked for in the whole of `meta/`. */
const gapMilliseconds = 60_000;
/** A batch in flight has so long when the collector ends. */
const graceMilliseconds = 1200;
/** And so long to give up, and then to close what is open. */
const forceMilliseconds = 300;

export interface CollectorOptions {
  readonly logs: string;
  readonly meta: string;
  readonly host: string;
  readonly once: boolean;
  readonly batchBytes: number;
  readonly batchMilliseconds: number;
  readonly logger: Logger;
}

/** A destination at work. */
interface Destination {
  readonly config: DestinationConfig;
  readonly loop: DeliveryLoop;
  /** Settled when its loop has ended. */
  done: Promise<void>;
}

export class Collector {
  readonly inventory: ChunkInventory;
  readonly problems: ProblemLog;
  /** Streams that could not be read to their end in this run. */
  readonly unreadable = new Set<string>();
  private readonly windows: WindowReader;
  private readonly provenance: ProvenanceBook;
  private readonly maker: RecordMaker;
  private readonly remover: ChunkRemover;
  readonly router: StreamRouter;
  private readonly gaps: GapReports;
  private readonly destinations = new Map<string, Destination>();
  private readonly stopping = new AbortController();
  private lastRound: Promise<void> = Promise.resolve();
  private failure: unknown;
  private isFollowing = false;

  constructor(private readonly options: CollectorOptions) {
    const { logs, meta, host, logger } = options;
    this.problems = new ProblemLog(logger);
    this.inventory = new ChunkInventory(logs);
    this.windows = new WindowReader(logs, () => this.inventory.rounds);
    this.provenance = new ProvenanceBook(meta, new AccountNames());
    this.maker = new RecordMaker(host, this.provenance);
    this.remover = new ChunkRemover({ logs, meta }, this.inventory, this.provenance, (error) =>
      this.problems.report('removal', { reason: describe(error) }, "a chunk can't be removed"),
    );
    this.gaps = new GapReports(meta, logger, this.stopping.signal);
    this.router = new StreamRouter({
      ...{ inventory: this.inventory, provenance: this.provenance, remover: this.remover },
      ...{ logger, problems: this.problems, loops: () => this.loops },
    });
  }

  get loops(): readonly DeliveryLoop[] {
    return [...this.destinations.values()].map(({ loop }) => loop);
  }

  get removedChunks(): number {
    return this.remover.removed;
  }

  /** Lines of `meta/` that made no sense, and chunks that were shorter than before. */
  get oddities(): { readonly nonsense: number; readonly shrunkChunks: number } {
    return { nonsense: this.provenance.nonsense, shrunkChunks: this.windows.shrunkChunks };
  }

  /** What the mount could not capture, as far as this collector was told. */
  get lost(): { readonly lostBytes: number; readonly lostLines: number } {
    return { lostBytes: this.gaps.lost.bytes, lostLines: this.gaps.lost.lines };
  }

  /** First look at what is there. @throws Node's errors when `logs/` can't be read */
  async open(config: CollectorConfig): Promise<void> {
    await this.inventory.round();
    const names = config.destinations.map(({ name }) => name);
    sweepMeta(this.options.meta, this.inventory, names);
    await this.gaps.look();
    await this.apply(config);
  }

  /** Works by another configuration from now on. One at a time. @throws LogaggError where a destination can't be opened */
  async apply(config: CollectorConfig): Promise<void> {
    for (const { config: old, loop, done } of [...this.destinations.values()]) {
      if (config.destinations.some((one) => isSame(one, old))) continue;
      this.destinations.delete(old.name);
      loop.abandon();
      // A sink that ignores that it is told to end must not hold up the configuration.
      await within(graceMilliseconds, done);
      await within(graceMilliseconds, this.close(loop));
    }
    for (const destination of config.destinations) {
      if (!this.destinations.has(destination.name)) this.destinations.set(destination.name, this.start(destination));
    }
    await this.router.use(new RouteTable(config.routes, (message) => this.options.logger.warn(message)));
  }

  /** Delivers for ever, or (`once`) all that is there. Ends early when it is stopped. @throws what a defect throws */
  async run(): Promise<void> {
    if (this.options.once) await this.drainAll();
    else await this.follow();
    if (this.failure !== undefined) throw this.failure;
  }

  /** Ends {@link run} soon. */
  stop(): void {
    this.stopping.abort();
    for (const { loop } of this.destinations.values()) loop.stop();
  }

  /**
   * Ends all loops, those that can't by themselves by force, and closes everything.
   *
   * @returns false when something still waits for a destination; only the end of the process ends that
   */
  async end(): Promise<boolean> {
    this.stop();
    const all = [...this.destinations.values()];
    const ended = Promise.all(all.map(({ done }) => done));
    await within(graceMilliseconds, ended);
    for (const { loop } of all) loop.abandon();
    const hasEnded = await within(forceMilliseconds, ended);
    const hasClosed = await within(forceMilliseconds, Promise.all(all.map(({ loop }) => this.close(loop))));
    return hasEnded && hasClosed;
  }

  private async follow(): Promise<void> {
    this.isFollowing = true;
    for (const destination of this.destinations.values()) this.runLoop(destination);
    const { signal } = this.stopping;
    let nextGapLook = performance.now() + gapMilliseconds;
    while (!signal.aborted) {
      const begun = performance.now();
      if (begun >= nextGapLook) {
        nextGapLook = begun + gapMilliseconds;
        void this.gaps.look();
      }
      try {
        await this.round();
        this.router.routeUnknown();
        this.problems.over('inventory');
      } catch (error) {
        this.problems.report('inventory', { reason: describe(error) }, "the log cache can't be read");
      }
      await pause(Math.max(pollMilliseconds, (performance.now() - begun) * pollShare), signal);
    }
  }

  private async drainAll(): Promise<void> {
    const drained = Promise.all([...this.destinations.values()].map((one) => this.drain(one)));
    // A destination that answers nothing must not keep us from ending.
    await Promise.race([drained, aborted(this.stopping.signal)]);
  }

  /** Everything, and then the last lines that lack a newline: a second look shows that nothing follows them. */
  private async drain(destination: Destination): Promise<void> {
    await this.runLoop(destination);
    if (this.stopping.signal.aborted) return;
    await this.round();
    await this.runLoop(destination);
  }

  private runLoop(destination: Destination): Promise<void> {
    destination.done = destination.loop.run().catch((error: unknown) => {
      this.failure ??= error;
      this.stop();
    });
    return destination.done;
  }

  private round(): Promise<void> {
    this.lastRound = this.lastRound
      .catch(() => undefined)
      .then(async () => this.router.notice(await this.inventory.round()));
    return this.lastRound;
  }

  private start(config: DestinationConfig): Destination {
    const { meta, host, once, batchBytes, batchMilliseconds } = this.options;
    const { name } = config;
    const credentials = config.credentials === undefined ? {} : { credentials: config.credentials };
    const onLoss = (problem: string, records: number): void =>
      this.problems.report(`loss ${name}`, { destination: name }, problem, records);
    const sink = openSink(config.url, { format: findFormat(config.format), host, onLoss, ...credentials });
    const checkpoint = new Checkpoint(meta, name, (message) => this.problems.report(`progress ${name}`, {}, message));
    checkpoint.retain((stream) => this.inventory.streams.has(stream));
    const loop = new DeliveryLoop({
      ...{ name, sink, checkpoint, once, batchBytes, batchMilliseconds, problems: this.problems },
      isRaw: config.format === 'raw',
      reader: this.reader(checkpoint),
      makeRecords: (batch) => this.maker.make(batch),
      onProgress: (streams) => {
        for (const stream of streams) this.router.settle(stream);
      },
    });
    const destination: Destination = { config, loop, done: Promise.resolve() };
    if (this.isFollowing) this.runLoop(destination);
    return destination;
  }

  private reader(checkpoint: Checkpoint): StreamReader {
    return new StreamReader({
      inventory: this.inventory,
      windows: this.windows,
      maker: this.maker,
      acknowledged: (stream) => checkpoint.positionIn(stream),
      onIdle: (stream) => this.router.settle(stream),
      onUnreadable: (stream, error) => {
        this.unreadable.add(stream.id);
        const details = { stream: stream.id, path: stream.path, reason: describe(error) };
        this.problems.report(`unreadable ${stream.id}`, details, "a chunk can't be read");
      },
      endsHere: this.options.once,
      now: () => BigInt(Date.now()) * 1_000_000n,
    });
  }

  /** What can't be closed or written is reported: the next run repeats what it does not know. */
  private async close(loop: DeliveryLoop): Promise<void> {
    try {
      await loop.close();
    } catch (error) {
      this.problems.report(
        `close ${loop.name}`,
        { destination: loop.name, reason: describe(error) },
        "can't be closed",
      );
    }
  }
}

/** @returns whether it has ended within that time */
async function within(milliseconds: number, end: Promise<unknown>): Promise<boolean> {
  const patience = new AbortController();
  const outcome = await Promise.race([end.then(() => true), pause(milliseconds, patience.signal).then(() => false)]);
  patience.abort();
  return outcome;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function isSame(a: DestinationConfig, b: DestinationConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
