/**
 * The life of a `logagg-fs collect` process.
 *
 * Guarantees: one collector for each log cache; nothing but records on standard output; SIGTERM and SIGINT end it within
 * two seconds, with progress kept; a reader of its standard output that goes away ends it quietly. A changed configuration
 * file is taken over without a restart; where it is wrong, the last one stays and the log says what is wrong.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { type CachePaths, cachePaths } from '../config/cache-paths.js';
import { ExitCode, LogaggError } from '../config/errors.js';
import { openLog } from '../observability/log.js';
import { backlogBytes } from './backlog.js';
import { OutputClosed } from './batch-delivery.js';
import { Collector } from './collector.js';
import { lockCollector } from './collector-lock.js';
import { CollectorService } from './collector-service.js';
import type { CollectorConfig } from './config/collector-config.js';
import { commandLineConfig } from './config/command-line.js';
import { ConfigWatcher } from './config/config-watcher.js';
import type { FormatName } from './formats/format.js';
import type { ProgressBar } from './progress-bar.js';
import { checkDestination } from './sinks/check-destination.js';
import { StatusLog } from './status-log.js';

/** What the command line says, checked as far as it can be without looking at files. */
export interface CollectOptions {
  /** Absolute path of the log cache. */
  readonly root: string;
  readonly to: readonly string[];
  readonly format: FormatName | undefined;
  /** Absolute path of a configuration file. */
  readonly config: string | undefined;
  readonly once: boolean;
  readonly batchBytes: number;
  readonly batchSeconds: number;
  /** Absolute path of our own log; undefined for stderr. */
  readonly logfile: string | undefined;
  /** Where metrics are served; undefined for nowhere. */
  readonly metrics: string | undefined;
}

/** Where a configuration comes from. */
type ReadConfig = () => CollectorConfig;

/** How a collector has ended. */
export interface CollectEnd {
  readonly exitCode: ExitCode;
  /** False when a thread still waits for a destination. */
  readonly isQuiet: boolean;
}

/**
 * Collects until it is done or told to end.
 *
 * @throws LogaggError before anything was collected; ConfigProblems
 */
export async function runCollect(options: CollectOptions): Promise<CollectEnd> {
  const { logs, meta } = prepare(options.root);
  const readConfig = await configReader(options);
  const config = readConfig();
  lock(options.root, meta);
  const showsBar = options.once && process.stderr.isTTY === true;
  const log = await openLog({ level: showsBar ? 'warn' : 'info', destination: options.logfile });
  const collector = new Collector({
    ...{ logs, meta, host: hostname(), once: options.once, logger: log.logger },
    ...{ batchBytes: options.batchBytes, batchMilliseconds: options.batchSeconds * 1000 },
  });
  await open(collector, config, options.root);
  log.logger.info({ root: options.root, destinations: config.destinations.map(({ name }) => name) }, 'collecting');
  const service = new CollectorService(collector, options, log.logger);
  await service.start();
  const bar = showsBar ? await startBar(collector, logs) : undefined;
  try {
    const isQuiet = await collect(collector, options, readConfig, log.logger);
    const isIncomplete = options.once && collector.unreadable.size > 0;
    return { exitCode: isIncomplete ? ExitCode.failure : ExitCode.ok, isQuiet };
  } finally {
    bar?.stop();
    service.stop();
    await log.close();
  }
}

/** Runs the collector to its end. @returns see {@link CollectEnd.isQuiet} */
async function collect(
  collector: Collector,
  { once, config }: CollectOptions,
  readConfig: ReadConfig,
  logger: Logger,
): Promise<boolean> {
  const status = new StatusLog(collector, logger);
  const watcher = config === undefined || once ? undefined : watchConfig(config, readConfig, collector, logger);
  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'ending');
    collector.stop();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  if (!once) status.start();
  let defect: unknown;
  try {
    await collector.run();
  } catch (error) {
    if (error instanceof OutputClosed) logger.info('nobody reads the standard output any more');
    else defect = error;
  }
  watcher?.stop();
  status.stop();
  const isQuiet = await collector.end();
  status.write('ended');
  if (defect !== undefined) throw defect;
  return isQuiet;
}

async function open(collector: Collector, config: CollectorConfig, root: string): Promise<void> {
  try {
    await collector.open(config);
  } catch (error) {
    throw asRootError(error, root);
  }
}

async function startBar(collector: Collector, logs: string): Promise<ProgressBar> {
  const { ProgressBar } = await import('./progress-bar.js');
  const bar = new ProgressBar(() => collector.loops.reduce((sum, { consumed }) => sum + consumed, 0));
  bar.start(await backlogBytes(collector, logs));
  return bar;
}

/** Checks the log cache; `meta/` may be missing where an old server wrote it. */
function prepare(root: string): CachePaths {
  const paths = cachePaths(root);
  if (statSync(paths.logs, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new LogaggError('LOGAGG_ROOT', `${root} is not a log cache: it has no folder logs/`);
  }
  try {
    mkdirSync(paths.meta, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asRootError(error, root);
  }
  return paths;
}

function lock(root: string, meta: string): void {
  try {
    lockCollector(root, meta);
  } catch (error) {
    throw asRootError(error, root);
  }
}

function asRootError(error: unknown, root: string): Error {
  if (error instanceof LogaggError || !(error instanceof Error)) return error as Error;
  return new LogaggError('LOGAGG_ROOT', `the log cache ${root} can't be drained: ${error.message}`, { cause: error });
}

/** YAML and its checks are loaded only where there is a file. */
async function configReader(options: CollectOptions): Promise<ReadConfig> {
  const { config: file } = options;
  if (file === undefined) {
    const config = commandLineConfig(options.to, options.format, process.env);
    for (const destination of config.destinations) checkDestination(destination);
    return () => config;
  }
  const { ConfigProblems, parseConfig } = await import('./config/config-file.js');
  return () => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      throw new ConfigProblems([`${file}: can't be read: ${error instanceof Error ? error.message : String(error)}`]);
    }
    return parseConfig(text, { file, environment: process.env, checkDestination });
  };
}

function watchConfig(file: string, read: ReadConfig, collector: Collector, logger: Logger): ConfigWatcher {
  let last: Promise<void> = Promise.resolve();
  const takeOver = async (): Promise<void> => {
    try {
      await collector.apply(read());
      logger.info({ file }, 'the configuration has changed and is in force');
    } catch (error) {
      const problems = error instanceof Error ? error.message.split('\n') : [String(error)];
      for (const problem of problems) logger.error(problem);
      logger.error({ file }, 'the changed configuration is wrong; the last one stays in force');
    }
  };
  const watcher = new ConfigWatcher(file, () => {
    last = last.then(takeOver);
  });
  watcher.start();
  return watcher;
}
