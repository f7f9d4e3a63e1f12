/**
 * Starting the server, in this process or in one of its own.
 *
 * Guarantees: resolves with 0 only when the mount answers a request; rejects with one line that says why not, and then
 * nothing is mounted. A background server has a session of its own, no terminal, and no descriptor of its parent but the
 * device; with engine=kernel a supervisor starts it, and another one when it dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ownLogPath } from '../config/cache-paths.js';
import { ExitCode, LogaggError } from '../config/errors.js';
import { formatMountOptions, type MountOptions } from '../config/mount-options.js';
import { chooseEngine, type EngineChoice } from '../fuse/engine-choice.js';
import { createStateFile } from '../recovery/server-state.js';
import { removeStaleMounts } from './mountpoint.js';
import { ServerFd, type StartReport } from './server-descriptors.js';
import { lockRoot } from './server-lock.js';

/** How long a supervisor may take to end behind its server, in milliseconds. */
const PATIENCE = 2000;

/**
 * @param options - checked by preflight
 * @param mode - `foreground`: serve in this process and log to stderr unless `logfile=` says otherwise
 * @returns exit code: once the mount serves (background), or once it has ended (foreground)
 * @throws LogaggError
 */
export async function launch(options: MountOptions, mode: { foreground: boolean }): Promise<number> {
  const choice = chooseEngine(options.engine);
  if (mode.foreground) return serveHere(options, choice);
  await serveInBackground(options, choice);
  return ExitCode.ok;
}

async function serveHere(options: MountOptions, choice: EngineChoice): Promise<number> {
  // Loaded here, because a launcher in the background needs neither: they are most of its start-up time.
  const { openLog } = await import('../observability/log.js');
  const { Server } = await import('./server.js');
  lockRoot(options.root);
  const log = await openLog({ level: options.loglevel, destination: options.logfile });
  const server = new Server(options, log);
  await server.start(choice);
  await server.ended();
  return ExitCode.ok;
}

async function serveInBackground(options: MountOptions, choice: EngineChoice): Promise<void> {
  const server = startServer(options, choice);
  const report = await firstLine(server.stdio[ServerFd.report] as Readable);
  if (report === undefined) await clearUp(server, options.mountpoint);
  server.unref();
  const { failure } = report === undefined ? { failure: diedSilently(options) } : (JSON.parse(report) as StartReport);
  if (failure !== undefined) throw new LogaggError(failure.code ?? 'LOGAGG_MOUNT_FAILED', failure.message);
  // The proof: this process is not the server, so it may ask.
  statSync(options.mountpoint);
}

/** A server that died between mounting and telling so has left a mount that nobody serves, once its supervisor is gone. */
async function clearUp(server: ChildProcess, mountpoint: string): Promise<void> {
  const hasEnded = (): boolean => server.exitCode !== null || server.signalCode !== null;
  if (!hasEnded()) await Promise.race([once(server, 'exit'), delay(PATIENCE, undefined, { ref: false })]);
  if (hasEnded()) removeStaleMounts(mountpoint);
}

function startServer(options: MountOptions, choice: EngineChoice): ChildProcess {
  const main = fileURLToPath(new URL('../bundled/server.js', import.meta.url));
  const { source, mountpoint } = options;
  const serverArguments = [source, mountpoint, formatMountOptions(chosenOptions(options, choice)), choice.reason];
  const stateFd = choice.engine === 'kernel' ? createStateFile() : -1;
  const start = (command: string, args: string[], fds: (number | 'ignore' | 'pipe')[]): ChildProcess =>
    spawn(command, args, { detached: true, cwd: '/', stdio: ['ignore', 'ignore', 'ignore', ...fds] });
  if (choice.engine === 'fuse-native' || stateFd < 0) {
    const device = choice.engine === 'kernel' ? choice.deviceFd : 'ignore';
    return start(process.execPath, ['--max-semi-space-size=1', main, ...serverArguments], [device, 'pipe']);
  }
  const supervision = [process.execPath, main, ownLogPath(options), String(options.hangSeconds)];
  const supervisor = fileURLToPath(new URL('../../../bin/logagg-fs-supervisor', import.meta.url));
  const started = start(
    '/bin/sh',
    [supervisor, ...supervision, ...serverArguments],
    [choice.deviceFd, 'pipe', stateFd],
  );
  closeSync(choice.deviceFd);
  closeSync(stateFd);
  return started;
}

/** The options with the engine decided; what belongs to the other engine alone goes back to its default. */
function chosenOptions(options: MountOptions, { engine }: EngineChoice): MountOptions {
  return engine === 'kernel' ? { ...options, engine } : { ...options, engine, transport: 'auto' };
}

function diedSilently(options: MountOptions): NonNullable<StartReport['failure']> {
  return { code: 'LOGAGG_SERVER_DIED', message: `the server ended before it could serve; see ${ownLogPath(options)}` };
}

/** The first line from `stream`, without its newline; undefined when it ends before. */
function firstLine(stream: Readable): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) stream.destroy();
    });
    stream.on('close', () => resolve(text.includes('\n') ? text.slice(0, text.indexOf('\n')) : undefined));
  });
}
