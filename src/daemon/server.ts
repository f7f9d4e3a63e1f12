/**
 * The server: everything that one mount needs while it lives, on the main thread.
 *
 * Guarantees: {@link Server.start} resolves only when requests are answered, and leaves nothing mounted when it rejects.
 * SIGTERM, SIGINT and an unmount end it the same way: chunks sealed, log written, within 5 s. SIGHUP rereads
 * trackfiles.txt. Never touches its own mountpoint: it would wait for itself.
 */
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { sealLeftoverChunks } from '../capture/leftover-chunks.js';
import type { TrackProblem, TrackRule } from '../capture/track-list.js';
import { TrackListWatcher } from '../capture/track-list-watcher.js';
import { cachePaths } from '../config/cache-paths.js';
import { resolveGroup } from '../config/group.js';
import type { MountOptions } from '../config/mount-options.js';
import type { Engine, EngineEvents } from '../fuse/engine.js';
import { KernelEngine } from '../fuse/kernel-engine.js';
import { errnoName } from '../libc/errno.js';
import type { Log } from '../observability/log.js';

/** How long those who still use the mount may go on after a signal to end, in milliseconds. */
const GRACE_PERIOD = 2000;

export class Server {
  private readonly logger: Logger;
  private readonly watcher: TrackListWatcher;
  private engine: Engine | undefined;
  private rules: TrackRule[] = [];
  private stopping = false;

  constructor(
    private readonly options: MountOptions,
    private readonly log: Log,
  ) {
    this.logger = log.logger;
    const path = cachePaths(options.root).trackfiles;
    this.watcher = new TrackListWatcher({
      path,
      onRules: (rules) => this.useRules(rules),
      onProblem: (problem) => this.reportPattern(problem),
      onState: (message) => this.logger.warn(message),
    });
  }

  /**
   * Prepares the cache, which must be locked, mounts, and resolves when the mount serves.
   * @param deviceFd - `/dev/fuse`, not mounted yet
   * @throws LogaggError
   */
  async start(deviceFd: number): Promise<void> {
    const { root, mountpoint } = this.options;
    const paths = cachePaths(root);
    const leftovers = sealLeftoverChunks(paths.logs);
    this.watcher.readNow();
    const settings = {
      deviceFd,
      mirrorFd: openSync(paths.mirror, 'r'),
      mountpoint,
      logs: paths.logs,
      clockFile: join(paths.meta, 'clock'),
      newestChunk: leftovers.newest,
      rules: this.rules,
      skipWriters: this.options.skipWriters,
      gid: this.options.group === undefined ? undefined : resolveGroup(this.options.group),
      chunkSize: this.options.chunkSize,
      sealMilliseconds: this.options.sealSeconds * 1000,
      busyPollMicroseconds: this.options.busyPollMicroseconds,
      passthrough: this.options.passthrough,
      maxDescriptors: Math.floor(openFilesLimit() / 2),
    };
    this.engine = new KernelEngine(settings, this.options, this.events());
    const how = await this.engine.serving;
    this.watcher.start();
    const { chunks, sealed } = leftovers;
    this.logger.info({ mountpoint, root, chunks, sealed, patterns: this.rules.length }, `serving: ${how}`);
  }

  /** Resolves when the mount has ended and everything is written. */
  async ended(): Promise<void> {
    this.handleSignals();
    try {
      await this.engine?.ended;
      this.logger.info('ended: chunks are sealed');
    } finally {
      this.watcher.stop();
      await this.log.close();
    }
  }

  private useRules(rules: TrackRule[]): void {
    this.rules = rules;
    this.engine?.useRules(rules);
    this.logger.info({ patterns: rules.length }, 'patterns in force');
  }

  private handleSignals(): void {
    process.on('SIGTERM', (signal) => void this.stop(signal));
    process.on('SIGINT', (signal) => void this.stop(signal));
    process.on('SIGHUP', () => this.watcher.reread());
  }

  private async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.logger.info(`${signal}: unmounting`);
    if ((await this.engine?.unmount()) !== 'busy') return;
    this.logger.warn('the mount is in use: detached; files that are still open will answer ENOTCONN');
    setTimeout(() => this.engine?.stop(), GRACE_PERIOD).unref();
  }

  private events(): EngineEvents {
    return {
      onLosses: (reports, totalBytes) => {
        for (const { path, errno, writes, bytes } of reports) {
          const file = Buffer.from(path, 'latin1').toString('utf8');
          this.logger.error({ file, reason: errnoName(errno), writes, bytes, totalBytes }, 'writes were not captured');
        }
      },
      onPatternProblem: (problem) => this.reportPattern(problem),
      onDefect: (what, stack) => this.logger.error({ stack }, `defect: ${what}`),
    };
  }

  private reportPattern({ line, kind, message }: TrackProblem): void {
    this.logger[kind === 'error' ? 'error' : 'warn']({ line }, `trackfiles.txt: ${message}`);
  }
}

/** Soft limit of open files; Node raises it to the hard limit at its start. */
function openFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1024);
}
