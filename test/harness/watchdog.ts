/**
 * Watches over the mounts of one test process from outside.
 *
 * Guarantees: when the test process stops answering (it waits for a mount that hangs) or has died, its mounts are
 * aborted and detached, so that a hung mount can never hang a test run. Leaves the temporary folder: the runner reports
 * what was left behind.
 *
 * Speaks lines on standard input: `beat`, `watch MOUNTPOINT`, `forget MOUNTPOINT`; mountpoints are JSON strings.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { abortAndDetach, fuseMountAt } from './fuse-mounts.js';

/** The longest silence, in milliseconds, after which the test process counts as stuck. */
const patience = 60_000;

function watch(): void {
  const watched = new Set<string>();
  let lastBeat = performance.now();
  const release = (reason: string): void => {
    for (const mountpoint of watched) {
      const mount = fuseMountAt(mountpoint);
      if (mount === undefined) continue;
      process.stderr.write(`watchdog: ${reason}: aborting the mount at ${mountpoint}\n`);
      abortAndDetach(mount);
    }
  };
  const timer = setInterval(() => {
    if (performance.now() - lastBeat > patience) release('the test process is stuck');
  }, 1000);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    lastBeat = performance.now();
    const [verb = '', argument = '""'] = line.split(/ (.*)/s);
    if (verb === 'watch') watched.add(String(JSON.parse(argument)));
    if (verb === 'forget') watched.delete(String(JSON.parse(argument)));
  });
  lines.on('close', () => {
    clearInterval(timer);
    release('the test process has ended');
  });
}

let watchdog: ChildProcess | undefined;

/** Starts the watchdog of this process at the first call. It ends with this process. */
function start(): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as Socket | null)?.unref();
  setInterval(() => child.stdin?.write('beat\n'), 1000).unref();
  return child;
}

/** Puts a mountpoint under the watchdog's care. */
export function watchOver(mountpoint: string): void {
  watchdog ??= start();
  watchdog.stdin?.write(`watch ${JSON.stringify(mountpoint)}\n`);
}

/** Takes a mountpoint out of the watchdog's care. */
export function stopWatching(mountpoint: string): void {
  watchdog?.stdin?.write(`forget ${JSON.stringify(mountpoint)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) watch();
