/**
 * Our own log: JSON lines through pino, in files that pino-roll rolls by size.
 *
 * Guarantees: a line is in the kernel when the call returns, so a killed server leaves it behind. A full disk or an
 * unwritable log never throws and never stops the caller: lines that found no place are counted and reported
 * once writing works again. No thread is started. Does not keep values secret that callers pass.
 */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { LogaggError } from '../config/errors.js';
import type { LogLevel } from '../config/mount-options.js';
import { LateStream, type LogStream } from './late-stream.js';
import { isDevice, LogFile } from './log-file.js';
import { loadPinoRoll } from './pino-roll-loader.js';

/** What to log, and where. */
export interface LogSettings {
  readonly level: LogLevel;
  /** Absolute path of the log, or undefined for stderr. */
  readonly destination: string | undefined;
  /** A file that has grown to this many bytes is the last but one; 10 MiB unless said otherwise. */
  readonly rollBytes?: number;
  /** How many files remain, the current one included; 3 unless said otherwise. */
  readonly keptFiles?: number;
}

/** An open log. */
export interface Log {
  /** Opens it, where it is not open yet. @throws LogaggError */
  open(): Promise<void>;
  readonly logger: Logger;
  /** The path that shows the current log; undefined for stderr. */
  readonly path: string | undefined;
  /** Lines are written before this returns; its promise resolves when the file is closed. Later lines are dropped. */
  close(): Promise<void>;
}

/** At most `maxLength` bytes wait in memory while a log can't be written. */
const streamOptions = { sync: true, maxLength: 1024 ** 2 };

const fileMode = 0o640;
const directoryMode = 0o750;

/**
 * Opens the log. Directories that are missing are made.
 *
 * @throws LogaggError LOGAGG_LOGFILE when the path can't be written
 */
export async function openLog(settings: LogSettings): Promise<Log> {
  const log = new LateLog(settings);
  await log.open();
  return log;
}

/**
 * A log that takes lines at once, and is opened when there is time for it: loading pino-roll takes longer than mounting.
 */
export class LateLog implements Log {
  readonly logger: Logger;
  readonly path: string | undefined;
  private readonly late = new LateStream();
  private stream: LogStream | undefined;
  private closed = false;

  constructor(private readonly settings: LogSettings) {
    this.path = settings.destination;
    this.logger = pino(
      {
        level: settings.level,
        base: { pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line: string): void => void (this.closed || this.late.write(line)) },
    );
  }

  /** @throws LogaggError LOGAGG_LOGFILE when the path can't be written */
  async open(): Promise<void> {
    if (this.stream !== undefined) return;
    this.stream = await openStream(this.settings, this.logger);
    surviveWriteErrors(this.stream, this.logger);
    this.late.attach(this.stream);
  }

  close(): Promise<void> {
    if (this.closed || this.stream === undefined) return Promise.resolve();
    this.closed = true;
    return closeStream(this.stream);
  }
}

async function openStream(settings: LogSettings, logger: Logger): Promise<LogStream> {
  const { destination: path } = settings;
  if (path === undefined) return pino.destination({ dest: 2, ...streamOptions });
  try {
    if (isDevice(path)) return pino.destination({ dest: path, ...streamOptions });
    return await openFiles(path, settings, logger);
  } catch (error) {
    if (error instanceof LogaggError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new LogaggError('LOGAGG_LOGFILE', `logfile=${path} can't be written: ${reason}`, { cause: error });
  }
}

async function openFiles(path: string, settings: LogSettings, logger: Logger): Promise<LogStream> {
  const roll = await loadPinoRoll();
  const { rollBytes = 10 * 1024 ** 2, keptFiles = 3 } = settings;
  const file = new LogFile(path);
  mkdirSync(dirname(file.path), { recursive: true, mode: directoryMode });
  const stream = await roll({
    file: file.rollName,
    size: `${rollBytes}b`,
    mode: fileMode,
    ...streamOptions,
  });
  const settle = (): void => {
    file.show(stream.file);
    file.prune(keptFiles);
  };
  settle();
  stream.on('ready', () => {
    try {
      settle();
    } catch (error) {
      logger.warn({ err: error, path }, 'the log rolled, but its path may show an older file');
    }
  });
  return stream;
}

/** Without a listener for `error`, a full disk would end the process. */
function surviveWriteErrors(stream: LogStream, logger: Logger): void {
  let failedWrites = 0;
  let droppedLines = 0;
  stream.on('error', () => {
    failedWrites += 1;
  });
  stream.on('drop', () => {
    droppedLines += 1;
    // Once its memory is full, the stream no longer tries by itself. Its flushSync is no way out: it repeats a write
    // that fails with ENOSPC for ever.
    stream.write('');
  });
  stream.on('write', () => {
    if (failedWrites === 0) return;
    const counts = { failedWrites, droppedLines };
    failedWrites = 0;
    droppedLines = 0;
    logger.warn(counts, 'this log could not be written for a while');
  });
}

/** Everything is written already, unless writing fails: then one last attempt is made. */
function closeStream(stream: LogStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.once('error', resolve);
    stream.end();
  });
}
