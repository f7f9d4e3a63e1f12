/**
 * The processes that serve a mount: which they are, their memory, and their end.
 *
 * Guarantees: finds every process that holds the mount's connection to the kernel, whatever its name, and all their
 * descendants. On kernels whose fdinfo does not name the connection, a server is recognized by
 * mentioning the mount's folder.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { abortAndDetach, fuseMountAt } from '../harness/fuse-mounts.js';
import { fuseServersMentioning, isRunning, runningProcesses } from '../harness/processes.js';

/** Milliseconds that an unmount, and then the servers' end, may take before force is used. */
const patience = 10_000;

/** Pids that serve the FUSE mount at this mountpoint; none when nothing is mounted there. */
export function serversOf(mountpoint: string): number[] {
  const mount = fuseMountAt(mountpoint);
  if (mount === undefined) return [];
  const processes = runningProcesses().map(({ pid }) => pid);
  const holders = processes.filter((pid) => holdsConnection(pid, mount.connection));
  return withDescendants(holders.length > 0 ? holders : fuseServersMentioning(mountpoint), processes);
}

/** Memory of processes, in bytes. */
export interface MemoryUse {
  /** Pages shared with other processes count by their share (PSS). */
  readonly proportional: number;
  /** Every page counts in full (RSS): what it takes where no other process shares its program. */
  readonly resident: number;
}

/** Memory of these processes together. */
export function memoryOf(pids: readonly number[]): MemoryUse {
  const maps = pids.map((pid) => procText(`${pid}/smaps_rollup`));
  const sum = (field: string): number => {
    const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm');
    return maps.reduce((bytes, map) => bytes + Number(line.exec(map)?.[1] ?? 0) * 1024, 0);
  };
  return { proportional: sum('Pss'), resident: sum('Rss') };
}

/**
 * Takes a FUSE mount away and waits until its servers have ended. What does not end by itself is ended by force, so
 * that this returns in any case. Does nothing when nothing is mounted there.
 */
export function unmount(mountpoint: string): void {
  const mount = fuseMountAt(mountpoint);
  if (mount === undefined) return;
  const pids = serversOf(mountpoint);
  spawnSync('umount', [mountpoint], { stdio: 'ignore', timeout: patience });
  if (fuseMountAt(mountpoint) !== undefined) abortAndDetach(mount);
  const deadline = performance.now() + patience;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (pids.some(isRunning) && performance.now() < deadline) Atomics.wait(clock, 0, 0, 20);
  for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
}

function holdsConnection(pid: number, connection: string): boolean {
  const line = new RegExp(`^fuse_connection:\\s+${connection}$`, 'm');
  return listing(`${pid}/fdinfo`).some((fd) => line.test(procText(`${pid}/fdinfo/${fd}`)));
}

function withDescendants(roots: readonly number[], processes: readonly number[]): number[] {
  const family = new Set(roots);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const pid of processes) if (family.has(parentOf(pid))) family.add(pid);
  }
  return [...family];
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(procText(`${pid}/status`))?.[1] ?? 0);
}

function listing(path: string): string[] {
  try {
    return readdirSync(`/proc/${path}`);
  } catch {
    return [];
  }
}

function procText(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
