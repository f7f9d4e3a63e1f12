/**
 * Small file systems to fill up: a tmpfs, or a file with a file system of its own.
 *
 * Guarantees: unmounted and removed after the test, behind everything that was registered before. Needs root.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, output, run } from './commands.js';
import type { CleanUpRegistry } from './mount-fixture.js';
import { temporaryPrefix } from './project.js';

export type DiskKind = 'tmpfs' | 'ext4';

/** Mounts an empty file system of so many MiB. @returns its path */
export async function mountSmallDisk(context: CleanUpRegistry, kind: DiskKind, megabytes: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  const path = join(folder, 'disk');
  mkdirSync(path);
  context.after(async () => {
    // A server that has just ended may hold it for another moment.
    const isUnmounted = async () => (await run('umount', [path])).code === 0;
    await eventually(isUnmounted, { within: 10_000, what: `${path} unmounted` });
    rmSync(folder, { recursive: true });
  });
  if (kind === 'tmpfs') {
    await output('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  } else {
    const image = join(folder, 'image');
    await output('truncate', ['-s', `${megabytes}M`, image]);
    await output('mke2fs', ['-q', '-F', '-t', 'ext4', '-m', '0', '-O', '^has_journal', image]);
    await output('mount', ['-o', 'loop', image, path]);
  }
  return path;
}

/** Bytes that are free. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
