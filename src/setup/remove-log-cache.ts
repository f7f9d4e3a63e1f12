/**
 * Removes a log cache that holds nothing of value any more.
 *
 * Guarantees: a chunk that nobody has collected, a file in the mirror, anything that is not ours, or anything mounted there
 * keeps the log cache as it is. The mirror is only ever removed when empty: it may be where the real logs are.
 */
import { readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachePaths } from '../config/cache-paths.js';
import { isWithin } from '../daemon/placement.js';
import { parseMountTable } from '../fuse/mount-table.js';

const ourNames = /^(?:logs|meta|mirror|trackfiles\.txt|logagg-fs(?:\.\d+)?\.log|current\.log)$/;

/** @returns why it stays; undefined when it is gone */
export function removeLogCache(root: string): string | undefined {
  try {
    const { logs, meta, mirror } = cachePaths(realpathSync(root));
    const table = parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
    if (table.some(({ mountpoint }) => isWithin(mountpoint, realpathSync(root)))) return 'something is mounted there';
    if (readdirSync(mirror).length > 0) return 'its mirror holds files';
    if (readdirSync(logs).length > 0) return 'chunks are not collected yet';
    const foreign = readdirSync(root).find((name) => !ourNames.test(name));
    if (foreign !== undefined) return `${foreign} is not ours`;
    rmdirSync(mirror);
    rmdirSync(logs);
    rmSync(meta, { recursive: true });
    for (const name of readdirSync(root)) rmSync(join(root, name));
    rmdirSync(root);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
