/**
 * What a server and a collector say about themselves: the documents on their sockets, and the one of `logagg-fs status --json`.
 *
 * Guarantees: `version` is 1 as long as every field here means what it means now; new fields may come. Bytes, lines, records
 * and chunks are whole numbers, counters grow from 0 at the start of the process that names them, times are ISO 8601 in UTC. Paths
 * are text: bytes that are not UTF-8 are U+FFFD. No credentials.
 */
import { z } from 'zod';

export const STATUS_VERSION = 1;

const count = z.number().nonnegative();

const processFields = {
  version: z.literal(STATUS_VERSION),
  /** When the document was made. */
  time: z.string(),
  pid: count,
  /** Version of the program. */
  release: z.string(),
  startedAt: z.string(),
  uptimeSeconds: count,
  /** Resident memory of the process. */
  memoryBytes: count,
};

/** Captured bytes that nobody has collected: what is in `logs/`. */
export const backlogStatus = z.object({
  chunks: count,
  bytes: count,
  /** Age of the oldest chunk; null without any. */
  oldestSeconds: count.nullable(),
});
export type BacklogStatus = z.infer<typeof backlogStatus>;

export const streamStatus = z.object({
  path: z.string(),
  /** md5 of the path, which chunks are named after. */
  id: z.string(),
  capturedBytes: count,
  capturedLines: count,
  /** Lines among them that were estimated, because there were too many to count. */
  estimatedLines: count,
  /** Not captured, or dropped to make room. */
  droppedBytes: count,
  droppedLines: count,
  backlog: backlogStatus,
  /** The chunk that is being written; null when all are sealed. */
  liveChunk: z.string().nullable(),
});
export type StreamStatus = z.infer<typeof streamStatus>;

const captureTotals = z.object({
  bytes: count,
  lines: count,
  estimatedLines: count,
  droppedBytes: count,
  droppedLines: count,
});

export const operationStatus = z.object({
  /** The kernel's request, in lower case: `write`, `lookup`. */
  kind: z.string(),
  count,
  /** Of those that were timed. */
  meanMicroseconds: count.nullable(),
  p99Microseconds: count.nullable(),
});

export const serverStatus = z.object({
  ...processFields,
  kind: z.literal('server'),
  mountpoint: z.string(),
  root: z.string(),
  engine: z.string(),
  /** How it serves, in words: engine, transport, protocol. */
  how: z.string(),
  /** Servers that died or were replaced before this one. */
  restarts: count,
  /** Requests that the kernel sent again after that. */
  resentRequests: count,
  /** Whether the thread that serves requests was seen alive just now. */
  requestLoop: z.enum(['answers', 'silent']),
  captured: captureTotals,
  backlog: backlogStatus,
  /** By path. */
  streams: z.array(streamStatus),
  operations: z.array(operationStatus),
});
export type ServerStatus = z.infer<typeof serverStatus>;

export const destinationStatus = z.object({
  name: z.string(),
  /** Its URL without credentials. */
  sink: z.string(),
  /** Records handed to the destination, those that were sent again included. */
  sentRecords: count,
  acknowledgedRecords: count,
  acknowledgedBytes: count,
  /** Attempts that failed and were repeated. */
  retries: count,
  /** Records that the destination does not take. */
  refusedRecords: count,
  /** Records over a `rate`. */
  rateDroppedRecords: count,
  /** Why it can't deliver at the moment; null when all is well. */
  failure: z.string().nullable(),
  backlog: backlogStatus,
});
export type DestinationStatus = z.infer<typeof destinationStatus>;

export const collectorStatus = z.object({
  ...processFields,
  kind: z.literal('collector'),
  root: z.string(),
  backlog: backlogStatus,
  /** Chunks that no route takes. */
  unroutedChunks: count,
  removedChunks: count,
  destinations: z.array(destinationStatus),
});
export type CollectorStatus = z.infer<typeof collectorStatus>;

/** `absent`: nobody is there; `silent`: the process lives and does not answer; `unreadable`: it may not be asked, or speaks otherwise. */
export const presence = z.enum(['running', 'silent', 'absent', 'unreadable']);
export type Presence = z.infer<typeof presence>;

/** What is known of the progress of a destination whose collector is not there. */
const restingDestination = z.object({ name: z.string(), backlog: backlogStatus });

export const fullStatus = z.object({
  version: z.literal(STATUS_VERSION),
  time: z.string(),
  root: z.string(),
  /** Null where nothing tells it. */
  mountpoint: z.string().nullable(),
  isMounted: z.boolean(),
  server: z.object({
    state: presence,
    reason: z.string().nullable(),
    /** As the server tells it, but for its streams. */
    status: serverStatus.omit({ streams: true }).nullable(),
  }),
  collector: z.object({
    state: presence,
    reason: z.string().nullable(),
    status: collectorStatus.nullable(),
    /** From its files, while it is not running. */
    resting: z.array(restingDestination),
  }),
  /** What is in `logs/`: from the server, or counted by the command where that does not answer. */
  backlog: backlogStatus,
  /** By path. From the server; without it, streams that have chunks. */
  streams: z.array(streamStatus),
});
export type FullStatus = z.infer<typeof fullStatus>;
