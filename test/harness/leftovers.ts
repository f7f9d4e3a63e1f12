/**
 * What a test run left behind: mounts, processes, temporary folders.
 *
 * Guarantees: reports everything of ours that was not there when the run began. Cleans up only what belongs to the
 * run's own temporary folder, so that another run on the same machine is left alone.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { abortAndDetach, type FuseMount, fuseMounts } from './fuse-mounts.js';
import { isRunning, openFiles, type RunningProcess, runningProcesses } from './processes.js';
import { launcher, projectRoot } from './project.js';

/** What was there before a run. */
export interface Snapshot {
  readonly mounts: readonly string[];
  readonly pids: readonly number[];
}

interface Leftovers {
  readonly mounts: readonly FuseMount[];
  readonly processes: readonly RunningProcess[];
  readonly entries: readonly string[];
}

const identity = (mount: FuseMount): string => `${mount.connection} ${mount.mountpoint}`;

function belongsTo(folder: string, pid: number): boolean {
  try {
    if (readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder)) return true;
    if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(folder)) return true;
  } catch {
    return false;
  }
  return openFiles(pid).some((file) => file.startsWith(folder));
}

/** Takes the snapshot that {@link findLeftovers} compares with. */
export function takeSnapshot(): Snapshot {
  return { mounts: fuseMounts().map(identity), pids: runningProcesses().map(({ pid }) => pid) };
}

function findLeftovers(snapshot: Snapshot, folder: string): Leftovers {
  const code = [join(projectRoot, 'dist/'), launcher];
  return {
    mounts: fuseMounts().filter(
      (mount) =>
        !snapshot.mounts.includes(identity(mount)) &&
        (mount.type === 'fuse.logagg-fs' || mount.mountpoint.startsWith(folder)),
    ),
    processes: runningProcesses().filter(
      ({ pid, commandLine }) =>
        !snapshot.pids.includes(pid) &&
        isRunning(pid) &&
        (code.some((path) => commandLine.includes(path)) || belongsTo(folder, pid)),
    ),
    entries: readdirSync(folder),
  };
}

function describe({ mounts, processes, entries }: Leftovers, folder: string): string[] {
  return [
    ...mounts.map((mount) => `a mount was left behind: ${mount.type} at ${mount.mountpoint}`),
    ...processes.map(({ pid, commandLine }) => `a process was left behind: ${pid} ${commandLine.slice(0, 200)}`),
    ...entries.map((entry) => `a temporary entry was left behind: ${join(folder, entry)}`),
  ];
}

function cleanUp({ mounts, processes }: Leftovers, folder: string): void {
  for (const { pid } of processes.filter(({ pid }) => belongsTo(folder, pid))) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
  for (const mount of mounts.filter(({ mountpoint }) => mountpoint.startsWith(folder))) abortAndDetach(mount);
}

/**
 * Waits a moment for what is about to end, then reports and cleans up what is left, the folder itself included.
 *
 * @param folder - the run's own temporary folder
 * @returns one line for each thing that was left behind
 */
export async function settleLeftovers(snapshot: Snapshot, folder: string): Promise<string[]> {
  let left = findLeftovers(snapshot, folder);
  for (let attempt = 0; attempt < 50 && describe(left, folder).length > 0; attempt++) {
    await delay(100);
    left = findLeftovers(snapshot, folder);
  }
  const lines = describe(left, folder);
  cleanUp(left, folder);
  const stillMounted = fuseMounts().some(({ mountpoint }) => mountpoint.startsWith(folder));
  // Removing through a mount would remove what it shows.
  if (!stillMounted) rmSync(folder, { recursive: true, force: true });
  return lines;
}
