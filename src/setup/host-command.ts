/**
 * Programs of the host that set-up runs: mount, umount, cp, systemctl.
 *
 * Guarantees: no shell; found in the system's directories alone; a failure is one line that names the program.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { LogaggError } from '../config/errors.js';
import { findHostTool } from '../config/host-tool.js';

const timeout = 120_000;

/**
 * Runs a program to its end.
 * @throws LogaggError LOGAGG_SETUP
 */
export function runTool(name: string, args: readonly string[]): string {
  const outcome = tryTool(name, args);
  if (outcome.status === 0) return outcome.stdout;
  const reason = outcome.stderr.trim().split('\n')[0] || `exit code ${outcome.status}`;
  throw new LogaggError('LOGAGG_SETUP', `${name} ${args.join(' ')} failed: ${reason}`);
}

/** The same without an error. */
export function tryTool(name: string, args: readonly string[]): { status: number; stdout: string; stderr: string } {
  const path = findHostTool(name);
  if (path === undefined) return { status: 127, stdout: '', stderr: 'not installed' };
  // Not pipes for a mount's standard output: a server in the background might keep them open.
  const { status, stdout, stderr } = spawnSync(path, args, {
    encoding: 'utf8',
    timeout,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status: status ?? 1, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/**
 * Runs a program that may take long.
 * @param onLine - for each line of its standard output
 * @throws LogaggError LOGAGG_SETUP
 */
export async function runLong(name: string, args: readonly string[], onLine: () => void): Promise<void> {
  const path = findHostTool(name);
  if (path === undefined) throw new LogaggError('LOGAGG_SETUP', `${name} is not installed`);
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    if (errors.length < 4096) errors += part;
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new LogaggError('LOGAGG_SETUP', `${name} failed: ${errors.trim().split('\n')[0] || `exit code ${code}`}`);
}

/** Whether systemd runs this host: sd_booted(3). */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}
