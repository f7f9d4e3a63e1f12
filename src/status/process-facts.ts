/** What every status document says about the process that made it. */
import type { ServerStatus } from './status-document.js';

type ProcessFacts = Pick<ServerStatus, 'time' | 'pid' | 'release' | 'startedAt' | 'uptimeSeconds' | 'memoryBytes'>;

/** @param release - version of the program */
export function describeProcess(release: string): ProcessFacts {
  const now = Date.now();
  const uptimeSeconds = Math.round(process.uptime());
  return {
    time: new Date(now).toISOString(),
    pid: process.pid,
    release,
    startedAt: new Date(now - uptimeSeconds * 1000).toISOString(),
    uptimeSeconds,
    memoryBytes: process.memoryUsage.rss(),
  };
}
