/**
 * Entry of a background server: `main.js SOURCE MOUNTPOINT OPTIONS REASON`, with the descriptors of {@link ServerFd}. The
 * options name the engine that the launcher chose, and the reason is the launcher's.
 *
 * Guarantees: the launcher gets exactly one line, whatever happens; what goes wrong later goes to the log.
 */
import { closeSync, writeSync } from 'node:fs';
import { cachePaths } from '../config/cache-paths.js';
import { ExitCode, LogaggError } from '../config/errors.js';
import { parseMountOptions } from '../config/mount-options.js';
import type { EngineChoice } from '../fuse/engine-choice.js';
import { LateLog } from '../observability/log.js';
import { ServerFd, type StartReport } from './launch.js';
import { Server } from './server.js';
import { lockRoot } from './server-lock.js';

const [source = '', mountpoint = '', optionString = '', reason = ''] = process.argv.slice(2);
const options = parseMountOptions({ source, mountpoint, optionStrings: [optionString], cwd: '/' });

const choice: EngineChoice =
  options.engine === 'fuse-native'
    ? { engine: 'fuse-native', reason }
    : { engine: 'kernel', reason, deviceFd: ServerFd.device };

/** A launcher that was killed meanwhile changes nothing: the mount is what counts. */
function tellLauncher(report: StartReport): void {
  try {
    writeSync(ServerFd.report, `${JSON.stringify(report)}\n`);
    closeSync(ServerFd.report);
  } catch {
    // Nobody listens any more.
  }
}

async function start(): Promise<Server> {
  // Before the log is opened: it may be the log of the server that holds the lock.
  lockRoot(options.root);
  const destination = options.logfile ?? cachePaths(options.root).defaultLogfile;
  const log = new LateLog({ level: options.loglevel, destination });
  const server = new Server(options, log);
  process.on('uncaughtException', (error) => {
    log.logger.fatal({ stack: error.stack }, 'the server ends: internal error');
    void server
      .abandon()
      .then(() => log.close())
      .finally(() => process.exit(ExitCode.failure));
  });
  try {
    await server.start(choice);
  } catch (error) {
    log.logger.fatal(error instanceof Error ? error.message : String(error));
    await log.close();
    throw error;
  }
  return server;
}

try {
  const server = await start();
  tellLauncher({});
  await server.ended();
} catch (error) {
  const code = error instanceof LogaggError ? error.code : undefined;
  tellLauncher({ failure: { code, message: error instanceof Error ? error.message : String(error) } });
  process.exitCode = ExitCode.failure;
}
// A worker that still sleeps in a system call must not keep the process.
process.exit();
