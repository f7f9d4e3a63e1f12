/**
 * Entry of a background server: `main.js SOURCE MOUNTPOINT OPTIONS`, with the descriptors of {@link ServerFd}.
 *
 * Guarantees: the launcher gets exactly one line, whatever happens; what goes wrong later goes to the log.
 */
import { closeSync, writeSync } from 'node:fs';
import { cachePaths } from '../config/cache-paths.js';
import { ExitCode, LogaggError } from '../config/errors.js';
import { parseMountOptions } from '../config/mount-options.js';
import { openLog } from '../observability/log.js';
import { ServerFd, type StartReport } from './launch.js';
import { Server } from './server.js';
import { lockRoot } from './server-lock.js';

const [source = '', mountpoint = '', optionString = ''] = process.argv.slice(2);
const options = parseMountOptions({ source, mountpoint, optionStrings: [optionString], cwd: '/' });

function tellLauncher(report: StartReport): void {
  writeSync(ServerFd.report, `${JSON.stringify(report)}\n`);
  closeSync(ServerFd.report);
}

async function start(): Promise<Server> {
  // Before the log is opened: it may be the log of the server that holds the lock.
  lockRoot(options.root);
  const destination = options.logfile ?? cachePaths(options.root).defaultLogfile;
  const log = await openLog({ level: options.loglevel, destination });
  process.on('uncaughtException', (error) => {
    log.logger.fatal({ stack: error.stack }, 'the server ends: internal error');
    void log.close().finally(() => process.exit(ExitCode.failure));
  });
  const server = new Server(options, log);
  try {
    await server.start(ServerFd.device);
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
  try {
    tellLauncher({ failure: { code, message: error instanceof Error ? error.message : String(error) } });
  } catch {
    // The launcher has its answer already; the log has the rest.
  }
  process.exitCode = ExitCode.failure;
}
// A worker that still sleeps in a system call must not keep the process.
process.exit();
