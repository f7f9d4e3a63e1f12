/**
 * What `setup` did to a host, in `<root>/meta/setup.json`, so that `--undo` can take back that and nothing else.
 *
 * Guarantees: written atomically before the first step that it tells of is done. Holds no secrets.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachePaths } from '../config/cache-paths.js';

export interface SetupRecord {
  readonly version: 1;
  readonly mountpoint: string;
  readonly copy: boolean;
  /** Whether the log cache was made by setup. */
  readonly madeCache: boolean;
  /** Links that were made. */
  readonly links: readonly string[];
  /** Whether io_uring was switched on. */
  readonly ioUring: boolean;
  /** Milliseconds since 1970: what lies underneath and changed later is not ours to remove. */
  readonly time: number;
}

const recordFile = (root: string): string => join(cachePaths(root).meta, 'setup.json');

export function writeRecord(root: string, record: SetupRecord): void {
  mkdirSync(cachePaths(root).meta, { recursive: true, mode: 0o700 });
  const file = recordFile(root);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Undefined when setup did nothing here, or its record can't be read. */
export function readRecord(root: string): SetupRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordFile(root), 'utf8')) as SetupRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}
