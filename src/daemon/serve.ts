/**
 * Entry of a background server: `main.js SOURCE MOUNTPOINT OPTIONS REASON [resume CODE]`, with the descriptors of {@link ServerFd}.
 * The options name the engine that the launcher chose, and the reason is the launcher's. With `resume` it goes on with what the
 * last server of the mount left, which ended with that code.
 *
 * Guarantees: the launcher gets exactly one line from the first server, whatever happens; what goes wrong later goes to the
 * log, and to the supervisor as an exit code of {@link ServerExit}.
 */
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { ownLogPath } from '../config/cache-paths.js';
import { ExitCode, LogaggError } from '../config/errors.js';
import { resolveGroup } from '../config/group.js';
import { parseMountOptions } from '../config/mount-options.js';
import { isConnected } from '../fuse/connection.js';
import type { EngineChoice } from '../fuse/engine-choice.js';
import { exitNow } from '../libc/calls.js';
import { reasonOf } from '../libc/errno-text.js';
import { LateLog } from '../observability/log.js';
import { crashAt } from '../recovery/crash-point.js';
import { ServerState } from '../recovery/server-state.js';
import { Server } from './server.js';
import { ServerFd, type StartReport } from './server-descriptors.js';
import { describeDeath, ServerExit } from './server-exit.js';
import { lockRoot, restoreFolders } from './server-lock.js';

const [source = '', mountpoint = '', optionString = '', reason = '', mode = '', lastCode = ''] = process.argv.slice(2);
const resume = mode === 'resume';
const options = parseMountOptions({ source, mountpoint, optionStrings: [optionString], cwd: '/' });

const choice: EngineChoice =
  options.engine === 'fuse-native'
    ? { engine: 'fuse-native', reason }
    : { engine: 'kernel', reason, deviceFd: ServerFd.device };

/** A launcher that was killed meanwhile changes nothing: the mount is what counts. */
function tellLauncher(report: StartReport): void {
  // The number may be another descriptor's by now.
  if (resume) return;
  try {
    writeSync(ServerFd.report, `${JSON.stringify(report)}\n`);
    closeSync(ServerFd.report);
  } catch {
    // Nobody listens any more.
  }
}

/** Undefined without a supervisor. */
function openState(): ServerState | undefined {
  if (choice.engine === 'fuse-native') return undefined;
  try {
    if (!fstatSync(ServerFd.state).isFile()) return undefined;
  } catch {
    return undefined;
  }
  return ServerState.map(ServerFd.state);
}

/** Closes the log, which may not even be open yet. */
async function flush(log: LateLog): Promise<void> {
  await log.open().catch(() => undefined);
  await log.close();
}

/**
 * A server that goes on has the mount, and needs no lock file; but its mount may be gone, and the lock a new one's.
 * @throws LogaggError
 */
function takeLock(log: LateLog): void {
  if (resume) restoreFolders(options.root, resolvedGroup());
  try {
    lockRoot(options.root);
  } catch (error) {
    if (!resume) throw error;
    if (!(error instanceof LogaggError)) log.logger.error(`going on without a lock: ${reasonOf(error)}`);
    else if (isConnected(ServerFd.device)) throw error;
    else exitNow(ServerExit.unmounted);
  }
}

/** Undefined as well for one that is not there any more. */
function resolvedGroup(): number | undefined {
  try {
    return options.group === undefined ? undefined : resolveGroup(options.group);
  } catch {
    return undefined;
  }
}

async function start(): Promise<Server> {
  const destination = ownLogPath(options);
  const log = new LateLog({ level: options.loglevel, destination });
  // Before the log is opened: it may be the log of the server that holds the lock.
  takeLock(log);
  const state = openState();
  if (resume && state?.canResume !== true) {
    log.logger.fatal('this version can not go on with what the last server left');
    await flush(log);
    exitNow(ServerExit.cannotResume);
  }
  const server = new Server(options, log, state);
  const death = describeDeath(Number(lastCode));
  if (resume && death !== undefined) log.logger.warn(`the server before this one ${death}`);
  process.on('uncaughtException', (error) => {
    log.logger.fatal({ stack: error.stack }, 'the server ends: internal error');
    void server
      .abandon()
      .then(() => flush(log))
      .finally(() => exitNow(server.isRecoverable ? ServerExit.crashed : ExitCode.failure));
  });
  try {
    crashAt?.('start');
    await server.start(choice, resume);
  } catch (error) {
    log.logger.fatal(error instanceof Error ? error.message : String(error));
    await flush(log);
    throw error;
  }
  return server;
}

let server: Server | undefined;
let exitCode: number;
try {
  server = await start();
  tellLauncher({});
  exitCode = (await server.ended()) === 'handedOver' ? ServerExit.handedOver : ExitCode.ok;
} catch (error) {
  const code = error instanceof LogaggError ? error.code : undefined;
  tellLauncher({ failure: { code, message: error instanceof Error ? error.message : String(error) } });
  exitCode = server?.isRecoverable === true ? ServerExit.crashed : ExitCode.failure;
}
// Not process.exit(): that waits for a worker that sleeps in a system call, and aborts when one is still loading koffi.
exitNow(exitCode);
