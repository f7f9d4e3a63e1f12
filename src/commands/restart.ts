/**
 * `logagg-fs restart MOUNTPOINT`: replaces the server of a mount by a new one, such as that of a version just installed.
 *
 * Guarantees: the mount stays, open files stay open, nobody sees an error. Returns when the new server serves. Refused, with
 * the old server left alone, where no other can go on for it: another engine, a server in the foreground, or a version that
 * keeps its state otherwise.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LogaggError } from '../config/errors.js';
import { HEADER_LENGTH, readHeader, type StateHeader } from '../recovery/state-header.js';

/** Longest time in milliseconds for the new server to come. */
const PATIENCE = 30_000;

/** Place of the mountpoint among the supervisor's arguments, counted from its script (bin/logagg-fs-supervisor). */
const SCRIPT = /\/logagg-fs-supervisor$/;
const MOUNTPOINT_ARGUMENT = 6;

const STATE_FD = 5;

/**
 * @param mountpoint - absolute path, as it was mounted
 * @returns a line that says what was replaced by what
 * @throws LogaggError
 */
export async function restart(mountpoint: string): Promise<string> {
  const supervisor = findSupervisor(mountpoint);
  const old = stateOf(supervisor);
  if (!old.canResume) {
    throw new LogaggError(
      'LOGAGG_UNSUPPORTED',
      `the server of ${mountpoint} can't be replaced by this version: unmount and mount it instead`,
    );
  }
  process.kill(old.server, 'SIGUSR2');
  for (const end = performance.now() + PATIENCE; performance.now() < end; await delay(20)) {
    const { server, restarts, version } = stateOf(supervisor);
    if (restarts > old.restarts && server !== old.server) {
      return `${mountpoint}: server ${old.server} (version ${old.version}) was replaced by ${server} (version ${version})`;
    }
  }
  throw new LogaggError(
    'LOGAGG_SERVER_DIED',
    `no new server serves ${mountpoint} after ${PATIENCE / 1000} s; see its log`,
  );
}

/** The supervisor that holds the state of the mount. */
function findSupervisor(mountpoint: string): number {
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const args = argumentsOf(pid);
    const script = args.findIndex((argument) => SCRIPT.test(argument));
    if (script >= 0 && script <= 1 && args[script + MOUNTPOINT_ARGUMENT] === mountpoint && holdsDevice(pid)) return pid;
  }
  throw new LogaggError('LOGAGG_USAGE', `no server that can be replaced serves ${mountpoint}`);
}

/** Its helper has the same arguments, and not the device. */
function holdsDevice(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).includes('3');
  } catch {
    return false;
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** @throws LogaggError when it may not be read, or the supervisor has ended */
function stateOf(supervisor: number): StateHeader {
  const header = Buffer.alloc(HEADER_LENGTH);
  try {
    const fd = openSync(`/proc/${supervisor}/fd/${STATE_FD}`, 'r');
    readSync(fd, header, 0, HEADER_LENGTH, 0);
    closeSync(fd);
  } catch (error) {
    throw new LogaggError(
      'LOGAGG_SERVER_DIED',
      'the state of the server can not be read: run as root, or see its log',
      {
        cause: error,
      },
    );
  }
  return readHeader(header);
}
