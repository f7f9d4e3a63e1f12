/**
 * The document of a collector: what its destinations have, and what waits for them.
 *
 * Guarantees: made from what the collector knows and from `logs/`; delivers and changes nothing. No credentials: a destination
 * is named by its URL without them.
 */
import type { Collector } from '../collector/collector.js';
import type { DeliveryLoop } from '../collector/delivery-loop.js';
import { backlogBehind, backlogOfAll, type Census, type ChunkCensus } from './chunk-census.js';
import { describeProcess } from './process-facts.js';
import type { CollectorStatus, DestinationStatus } from './status-document.js';

/** @returns the document as of now */
export async function describeCollector(
  collector: Collector,
  census: ChunkCensus,
  root: string,
  release: string,
): Promise<CollectorStatus> {
  const chunks = await census.lookFor(1500);
  return {
    version: 1,
    kind: 'collector',
    ...describeProcess(release),
    root,
    backlog: backlogOfAll(chunks),
    unroutedChunks: collector.router.unroutedChunks,
    removedChunks: collector.removedChunks,
    destinations: collector.loops.map((loop) => describeDestination(loop, chunksFor(collector, loop.name, chunks))),
  };
}

function describeDestination(loop: DeliveryLoop, census: Census): DestinationStatus {
  const { name, sinkName, counters, dropped, checkpoint } = loop;
  return {
    name,
    sink: sinkName,
    sentRecords: counters.sent,
    acknowledgedRecords: counters.records,
    acknowledgedBytes: counters.bytes,
    retries: counters.retries,
    refusedRecords: counters.refused,
    rateDroppedRecords: dropped,
    failure: counters.failure ?? null,
    backlog: backlogBehind(census, (stream) => checkpoint.positionOf(stream)),
  };
}

/** Chunks of the streams that go to a destination. */
function chunksFor(collector: Collector, destination: string, census: Census): Census {
  return new Map(
    [...census].filter(([id]) => {
      const stream = collector.inventory.streams.get(id);
      return stream !== undefined && collector.router.directionsOf(stream)?.has(destination) === true;
    }),
  );
}
