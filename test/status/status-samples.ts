/** Status documents for tests of what is made of them. */
import type { CollectorStatus, FullStatus, ServerStatus, StreamStatus } from '../../src/status/status-document.js';

const nothing = { chunks: 0, bytes: 0, oldestSeconds: null };
const processFields = {
  version: 1 as const,
  time: '2026-11-21T10:00:00.000Z',
  pid: 100,
  release: '1.2.3',
  startedAt: '2026-11-21T09:00:00.000Z',
  uptimeSeconds: 3600,
  memoryBytes: 70e6,
};

export function sampleStream(path: string, changed: Partial<StreamStatus> = {}): StreamStatus {
  return {
    path,
    id: '0'.repeat(32),
    capturedBytes: 1000,
    capturedLines: 10,
    estimatedLines: 0,
    droppedBytes: 0,
    droppedLines: 0,
    backlog: { chunks: 1, bytes: 1000, oldestSeconds: 5 },
    liveChunk: null,
    ...changed,
  };
}

export function sampleServer(changed: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ...processFields,
    kind: 'server',
    mountpoint: '/var/log',
    root: '/logcache',
    engine: 'kernel',
    how: 'engine kernel, transport uring',
    restarts: 0,
    resentRequests: 0,
    requestLoop: 'answers',
    captured: { bytes: 1000, lines: 10, estimatedLines: 0, droppedBytes: 0, droppedLines: 0 },
    backlog: { chunks: 1, bytes: 1000, oldestSeconds: 5 },
    streams: [sampleStream('/var/log/syslog')],
    operations: [{ kind: 'write', count: 10, meanMicroseconds: 8, p99Microseconds: 20 }],
    ...changed,
  };
}

export function sampleCollector(changed: Partial<CollectorStatus> = {}): CollectorStatus {
  return {
    ...processFields,
    kind: 'collector',
    root: '/logcache',
    backlog: nothing,
    unroutedChunks: 0,
    removedChunks: 3,
    destinations: [
      {
        name: 'archive',
        sink: 'file:///srv/all.log',
        sentRecords: 12,
        acknowledgedRecords: 10,
        acknowledgedBytes: 900,
        retries: 1,
        refusedRecords: 0,
        rateDroppedRecords: 0,
        failure: null,
        backlog: nothing,
      },
    ],
    ...changed,
  };
}

export function sampleStatus(changed: Partial<ServerStatus> = {}): FullStatus {
  const { streams, ...status } = sampleServer(changed);
  return {
    version: 1,
    time: status.time,
    root: status.root,
    mountpoint: status.mountpoint,
    isMounted: true,
    server: { state: 'running', reason: null, status },
    collector: { state: 'running', reason: null, status: sampleCollector(), resting: [] },
    backlog: status.backlog,
    streams,
  };
}
