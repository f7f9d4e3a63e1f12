/**
 * Metrics, health, status and dashboard of a mount or of a collector at one address.
 *
 * Guarantees: the dashboard shows both, whichever of the two serves it: the other one is asked at its socket. It gets the
 * {@link MAX_STREAMS} streams that matter most.
 */
import type { CachePlace } from '../status/find-cache.js';
import { type Sources, StatusGatherer } from '../status/gather-status.js';
import type { StreamStatus } from '../status/status-document.js';
import { readDashboardPage } from './dashboard-page.js';
import { WebServer } from './web-server.js';

const MAX_STREAMS = 200;

export interface Observed {
  readonly place: CachePlace;
  /** What needs no socket to be asked. */
  readonly sources: Sources;
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
  /** Why it is not well; undefined when it is. */
  readonly illness: () => Promise<string | undefined>;
}

/** Not open yet. */
export function observationServer(address: string, gid: number | undefined, observed: Observed): WebServer {
  const gatherer = new StatusGatherer(observed.place, observed.sources);
  const page = readDashboardPage();
  const contents = {
    '/': () => Promise.resolve({ type: 'text/html; charset=utf-8', text: page.html }),
    '/metrics': async () => ({ type: observed.contentType, text: await observed.metrics() }),
    '/healthz': async () => {
      const illness = await observed.illness();
      const code = illness === undefined ? 200 : 503;
      return { code, type: 'text/plain; charset=utf-8', text: `${illness ?? 'ok'}\n` };
    },
    '/status.json': async () => {
      const status = await gatherer.gather();
      const shown = { ...status, streamCount: status.streams.length, streams: weightiest(status.streams) };
      return { type: 'application/json', text: JSON.stringify(shown) };
    },
  };
  return new WebServer(address, gid, contents, page.policy);
}

function weightiest(streams: readonly StreamStatus[]): StreamStatus[] {
  if (streams.length <= MAX_STREAMS) return [...streams];
  const weight = ({ droppedBytes, backlog, capturedBytes }: StreamStatus): number =>
    droppedBytes * 1e6 + backlog.bytes * 10 + capturedBytes;
  return [...streams].sort((a, b) => weight(b) - weight(a)).slice(0, MAX_STREAMS);
}
