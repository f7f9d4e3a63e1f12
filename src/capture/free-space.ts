/**
 * Space of a file system, as `df` shows it: what an ordinary user could still use.
 */
import { statfsSync } from 'node:fs';

export interface Space {
  /** Bytes. */
  readonly available: number;
  /** Bytes. */
  readonly size: number;
}

/** @returns undefined where it can't be told */
export function spaceAt(path: string): Space | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { available: bavail * bsize, size: blocks * bsize };
  } catch {
    return undefined;
  }
}
