/**
 * Which processes run, from /proc.
 *
 * Guarantees: a process that ends while it is looked at is left out. Reads only /proc, never a mounted file.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process. */
export interface RunningProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** All processes except this one. */
export function runningProcesses(): RunningProcess[] {
  const found: RunningProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const commandLine = procText(pid, 'cmdline')?.replaceAll('\0', ' ').trim();
    if (commandLine) found.push({ pid, commandLine });
  }
  return found;
}

/** Whether a process exists and is not a zombie. */
export function isRunning(pid: number): boolean {
  const state = procText(pid, 'stat')?.split(') ').at(-1);
  return state !== undefined && !state.startsWith('Z') && !state.startsWith('X');
}

/** Processes that hold `/dev/fuse` open and mention a text in their arguments, environment or open files; not supervisors. */
export function fuseServersMentioning(text: string): number[] {
  return runningProcesses()
    .filter(({ commandLine }) => !isSupervisor(commandLine))
    .map(({ pid }) => pid)
    .filter((pid) => {
      const files = openFiles(pid);
      if (!files.includes('/dev/fuse')) return false;
      const said = `${procText(pid, 'cmdline') ?? ''}\0${procText(pid, 'environ') ?? ''}`;
      return said.includes(text) || files.some((file) => file.startsWith(text));
    });
}

/** Supervisors, and their helpers, that mention a text in their arguments: a server that they watch does not stay dead. */
export function supervisorsMentioning(text: string): number[] {
  return runningProcesses()
    .filter(({ commandLine }) => isSupervisor(commandLine) && commandLine.includes(text))
    .map(({ pid }) => pid);
}

const isSupervisor = (commandLine: string): boolean => commandLine.includes('/bin/logagg-fs-supervisor ');

/** Kills servers for good: first those who would start the next one. */
export function killServersMentioning(text: string): void {
  for (const pid of [...supervisorsMentioning(text), ...fuseServersMentioning(text)]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

/** Targets of a process's open file descriptors. */
export function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function procText(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}
