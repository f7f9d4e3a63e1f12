/**
 * Where things lie in the log cache.
 *
 * Guarantees: the names below are the contract with collectors and users. Does not create anything.
 */

import { join } from 'node:path';

/** Absolute paths in one log cache. */
export interface CachePaths {
  readonly root: string;
  /** The real files: what the mountpoint shows. */
  readonly mirror: string;
  /** Chunks, and nothing else. */
  readonly logs: string;
  /** What is known about chunks: their path, their writers. */
  readonly meta: string;
  /** The patterns of the files to capture, one a line. */
  readonly trackfiles: string;
  /** Where the server tells its status, and where the collector does. */
  readonly statusSocket: string;
  readonly collectorSocket: string;
  /** Our own log when `logfile=` names no other and the server is in the background. */
  readonly defaultLogfile: string;
}

/** Where a background server's own log goes. */
export function ownLogPath({ logfile, root }: { logfile: string | undefined; root: string }): string {
  return logfile ?? cachePaths(root).defaultLogfile;
}

/** The paths of the log cache at `root`, an absolute path. */
export function cachePaths(root: string): CachePaths {
  return {
    root,
    mirror: join(root, 'mirror'),
    logs: join(root, 'logs'),
    meta: join(root, 'meta'),
    trackfiles: join(root, 'trackfiles.txt'),
    statusSocket: join(root, 'status.sock'),
    collectorSocket: join(root, 'collector.sock'),
    defaultLogfile: join(root, 'logagg-fs.log'),
  };
}
