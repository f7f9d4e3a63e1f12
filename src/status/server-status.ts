/**
 * The document of a server: what it is, what its streams have captured, what waits in `logs/`.
 *
 * Guarantees: made on the main thread from shared memory and the folder `logs/`, never from the mountpoint. The thread that serves requests is
 * asked for a sign of life, and for nothing else; while it is silent the document says so.
 */
import type { EngineCounters } from '../fuse/engine.js';
import { type OperationTimes, quantile } from '../observability/operation-times.js';
import { backlogOfAll, backlogOfStream, type Census, type ChunkCensus } from './chunk-census.js';
import { describeProcess } from './process-facts.js';
import type { ServerStatus, StreamStatus } from './status-document.js';
import type { StreamCounts, StreamLedger } from './stream-ledger.js';
import type { StreamPaths } from './stream-paths.js';

/** So long may the request loop take for its sign of life. */
const SIGN_OF_LIFE_MS = 1000;
/** And so long a look at `logs/`, before what is known so far will do. */
const LONGEST_LOOK_MS = 1500;

export interface ServerFacts {
  readonly root: string;
  readonly mountpoint: string;
  readonly release: string;
  readonly engine: string;
  /** How it serves, in words. */
  readonly how: string;
  readonly counters: () => EngineCounters;
  readonly ledger: StreamLedger;
  readonly census: ChunkCensus;
  readonly times: OperationTimes;
  /** Resolves when the request loop was seen alive. */
  readonly isThere: () => Promise<void>;
  /** For streams of an earlier server. */
  readonly paths: StreamPaths;
}

const nothing: StreamCounts = { bytes: 0, lines: 0, estimatedLines: 0, droppedBytes: 0, droppedLines: 0 };

/** @returns the document as of now */
export async function describeServer(facts: ServerFacts): Promise<ServerStatus> {
  const [census, requestLoop] = await Promise.all([facts.census.lookFor(LONGEST_LOOK_MS), seen(facts.isThere())]);
  const { bytes, lines, estimatedLines, droppedBytes, droppedLines } = facts.ledger.totals();
  return {
    version: 1,
    kind: 'server',
    ...describeProcess(facts.release),
    mountpoint: facts.mountpoint,
    root: facts.root,
    engine: facts.engine,
    how: facts.how,
    ...facts.counters(),
    requestLoop,
    captured: { bytes, lines, estimatedLines, droppedBytes, droppedLines },
    backlog: backlogOfAll(census),
    streams: describeStreams(facts.ledger, census, facts.paths),
    operations: facts.times.totals().map((operation) => ({
      kind: operation.kind,
      count: operation.count,
      meanMicroseconds: operation.timed === 0 ? null : (operation.seconds / operation.timed) * 1e6,
      p99Microseconds: (quantile(operation, 0.99) ?? 0) * 1e6 || null,
    })),
  };
}

function describeStreams(ledger: StreamLedger, census: Census, paths: StreamPaths): StreamStatus[] {
  const streams: StreamStatus[] = [];
  const named = new Set<string>();
  for (const { entry, counts } of ledger.entries()) {
    named.add(entry.id);
    streams.push(describeStream(entry.id, textOf(entry.path), counts, census));
  }
  const others = new Map([...census].filter(([id]) => !named.has(id)));
  streams.push(...describeChunks(others, paths));
  return streams.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A stream and its chunks. */
function describeStream(id: string, path: string, counts: StreamCounts, census: Census): StreamStatus {
  const chunks = census.get(id);
  return {
    path,
    id,
    capturedBytes: counts.bytes,
    capturedLines: counts.lines,
    estimatedLines: counts.estimatedLines,
    droppedBytes: counts.droppedBytes,
    droppedLines: counts.droppedLines,
    backlog: backlogOfStream(chunks),
    liveChunk: chunks?.live ?? null,
  };
}

/** Streams of which nothing is known but their chunks. */
export function describeChunks(census: Census, paths: StreamPaths): StreamStatus[] {
  return [...census]
    .map(([id, { chunks }]) => {
      return describeStream(id, paths.pathOf(id, chunks), nothing, census);
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function textOf(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

/** Whether the thread that serves requests is alive. */
export async function seen(sign: Promise<void>): Promise<'answers' | 'silent'> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<'silent'>((resolve) => {
    timer = setTimeout(() => resolve('silent'), SIGN_OF_LIFE_MS).unref();
  });
  const answer = await Promise.race([sign.then(() => 'answers' as const), patience]);
  clearTimeout(timer);
  return answer;
}
