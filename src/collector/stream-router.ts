/**
 * Which stream goes where, and what becomes of its chunks.
 *
 * Guarantees: a stream without a route is kept, and reported; one with a route to nowhere is thrown away. A chunk is removed
 * when all destinations of its stream have it, and what is remembered of a stream goes with its last chunk.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ChunkInventory, InventoryChanges } from './chunk-inventory.js';
import type { ChunkRemover, IsDone } from './chunk-remover.js';
import type { DeliveryLoop } from './delivery-loop.js';
import type { ProblemLog } from './problem-log.js';
import type { ProvenanceBook } from './provenance.js';
import type { Directions, RouteTable } from './routes.js';
import type { StreamChunks } from './stream-chunks.js';

/** After so many streams other work has its turn. */
const streamsInOneGo = 1000;
/** Time between two looks for the paths of logs that are not routed. */
const unknownMilliseconds = 3000;

export interface StreamRouterOptions {
  readonly inventory: ChunkInventory;
  readonly provenance: ProvenanceBook;
  readonly remover: ChunkRemover;
  readonly logger: Logger;
  readonly problems: ProblemLog;
  /** The destinations at work. */
  readonly loops: () => readonly DeliveryLoop[];
}

export class StreamRouter {
  private readonly directions = new Map<StreamChunks, Directions | undefined>();
  private routes: RouteTable | undefined;
  private triedUnknown = performance.now();

  constructor(private readonly options: StreamRouterOptions) {}

  /** Routes everything anew. */
  async use(routes: RouteTable): Promise<void> {
    this.routes = routes;
    await this.notice({ changed: [...this.options.inventory.streams.values()], gone: [] });
  }

  /** Chunks that no route takes. */
  get unroutedChunks(): number {
    let count = 0;
    for (const [stream, directions] of this.directions) if (directions === undefined) count += stream.names.length;
    return count;
  }

  /** Where a stream goes. */
  directionsOf(stream: StreamChunks): Directions | undefined {
    return this.directions.get(stream);
  }

  /** The mount may tell a log's path a little later than its first chunk is there. */
  routeUnknown(): void {
    if (performance.now() - this.triedUnknown < unknownMilliseconds) return;
    this.triedUnknown = performance.now();
    for (const [stream, directions] of this.directions) {
      if (directions === undefined && stream.path === '') this.route(stream);
    }
  }

  /** Takes up what the inventory has found. */
  async notice({ changed, gone }: InventoryChanges): Promise<void> {
    for (const stream of gone) this.forget(stream);
    let count = 0;
    for (const stream of changed) {
      this.route(stream);
      if (++count % streamsInOneGo === 0) await nextTurn();
    }
  }

  private route(stream: StreamChunks): void {
    if (stream.names.length === 0) return;
    if (stream.path === '') stream.path = this.options.provenance.pathOf(stream.names);
    const directions = this.routes?.directionsOf(stream.path);
    this.directions.set(stream, directions);
    if (stream.rewindTo !== undefined) this.rewind(stream, stream.rewindTo);
    for (const loop of this.options.loops()) {
      const route = directions?.get(loop.name);
      if (route === undefined) loop.withdraw(stream);
      else loop.offer(stream, route);
    }
    stream.rewindTo = undefined;
    if (directions === undefined) this.reportUnrouted(stream);
    else if (directions.size === 0) this.throwAway(stream);
  }

  private rewind(stream: StreamChunks, chunk: string): void {
    this.options.logger.warn(
      { stream: stream.id, chunk },
      'an older chunk came back: its stream is read again from there',
    );
    for (const loop of this.options.loops()) loop.checkpoint.rewind(stream.id, chunk);
  }

  private reportUnrouted({ id, path }: StreamChunks): void {
    this.options.problems.report(
      'unrouted',
      { stream: id, path },
      'logs that no route takes are kept; add a route for them',
    );
  }

  private throwAway(stream: StreamChunks): void {
    this.settle(stream);
    if (stream.names.length > 0) this.options.inventory.watch(stream, -1);
  }

  /** Removes the chunks of a stream that all its destinations have. */
  settle(stream: StreamChunks): void {
    const directions = this.directions.get(stream);
    if (directions === undefined) return;
    const loops = this.options.loops();
    const isDone = [...directions.keys()].map((name): IsDone => {
      const checkpoint = loops.find((loop) => loop.name === name)?.checkpoint;
      return (one, chunk, size) => checkpoint?.isDone(one, chunk, size) ?? false;
    });
    if (this.options.remover.settle(stream, isDone)) this.forget(stream);
  }

  private forget(stream: StreamChunks): void {
    this.directions.delete(stream);
    for (const loop of this.options.loops()) {
      loop.withdraw(stream);
      loop.checkpoint.forget(stream.id);
    }
  }
}
