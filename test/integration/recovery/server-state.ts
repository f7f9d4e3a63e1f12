/**
 * What a supervisor knows of its servers, read from the memory that they share.
 *
 * Guarantees: never touches the mount. Knows the first words of `src/recovery/server-state.ts` by their place.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../harness/commands.js';
import type { MountFixture } from '../../harness/mount-fixture.js';
import { isRunning } from '../../harness/processes.js';

/** What the state's header says. */
export interface ServingServer {
  readonly pid: number;
  /** How many servers served before it. */
  readonly restarts: number;
}

const LENGTH = 32;

/** The server that serves, or served last. */
export function servingServer(fixture: MountFixture): ServingServer {
  for (const pid of fixture.supervisorPids()) {
    const header = Buffer.alloc(LENGTH);
    try {
      const fd = openSync(`/proc/${pid}/fd/5`, 'r');
      readSync(fd, header, 0, LENGTH, 0);
      closeSync(fd);
      return { pid: header.readUInt32LE(8), restarts: header.readUInt32LE(24) };
    } catch {
      // A helper of the supervisor, which does not hold the state.
    }
  }
  throw new Error('there is no supervisor');
}

/**
 * Resolves with the server that serves, once there is one that lives.
 * @param killed - those that were killed and may not have ended yet
 */
export function untilServing(fixture: MountFixture, ...killed: readonly number[]): Promise<ServingServer> {
  return eventually(
    () => {
      const server = servingServer(fixture);
      return !killed.includes(server.pid) && isRunning(server.pid) ? server : undefined;
    },
    { within: 30_000, what: 'a server that serves' },
  ) as Promise<ServingServer>;
}

/** Ends the server by a signal, and waits for the next one. */
export async function killOnce(fixture: MountFixture, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const { pid } = servingServer(fixture);
  process.kill(pid, signal);
  await untilServing(fixture, pid);
}

/**
 * Kills servers with SIGKILL, each 50 to 500 ms after it began to serve, and one in eight on its way there.
 * @returns how many were killed
 */
export async function killServers(
  fixture: MountFixture,
  until: { milliseconds: number; kills: number },
): Promise<number> {
  const end = performance.now() + until.milliseconds;
  let kills = 0;
  let killed: number[] = [];
  while (performance.now() < end && kills < until.kills) {
    const { pid } = await untilServing(fixture, ...killed);
    await delay(50 + Math.random() * 450);
    killed = [pid];
    if (killIfThere(pid)) kills++;
    if (kills % 8 !== 0) continue;
    await delay(Math.random() * 300);
    for (const starting of fixture.serverPids()) {
      if (starting === pid || !killIfThere(starting)) continue;
      killed.push(starting);
      kills++;
    }
  }
  await untilServing(fixture, ...killed);
  return kills;
}

/** @returns false when it has ended by itself (LOGAGG_CRASH_AT), or between two looks */
function killIfThere(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
