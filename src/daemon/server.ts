/**
 * The server: everything that one mount needs while it lives, on the main thread.
 *
 * Guarantees: {@link Server.start} resolves only when requests are answered, and leaves nothing mounted when it rejects. A server
 * that goes on for another does so whatever has become of the log cache, as programs wait for it.
 * SIGTERM, SIGINT and an unmount end it the same way: chunks sealed, log written, within 5 s. SIGHUP rereads
 * trackfiles.txt. Never touches its own mountpoint: it would wait for itself.
 */
import { fstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { sealLeftoverChunks, unknownLeftovers } from '../capture/leftover-chunks.js';
import type { LossReport } from '../capture/losses.js';
import { MetaSweep } from '../capture/meta-sweep.js';
import type { TrackProblem, TrackRule } from '../capture/track-list.js';
import { TrackListWatcher } from '../capture/track-list-watcher.js';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { resolveGroup } from '../config/group.js';
import type { MountOptions } from '../config/mount-options.js';
import type { Engine, EngineEvents } from '../fuse/engine.js';
import { ASKED_FOR, type EngineChoice } from '../fuse/engine-choice.js';
import type { KernelEngineSettings } from '../fuse/kernel-engine.js';
import { slotsOf } from '../fuse/uring/queues.js';
import { SlotNotes } from '../fuse/uring/slot-notes.js';
import { errnoName } from '../libc/errno.js';
import { reasonOf } from '../libc/errno-text.js';
import { faultsOnPurpose } from '../libc/faults.js';
import type { Log } from '../observability/log.js';
import { Intents, type OpenPiece } from '../recovery/intents.js';
import { settleInterruptedCapture } from '../recovery/interrupted-capture.js';
import type { ServerState } from '../recovery/server-state.js';
import { openMirror, releaseMirror } from './in-place.js';
import { describeUsers, mountUsers } from './mount-users.js';
import { StatusService } from './status-service.js';

/** How long those who still use the mount may go on after a signal to end, in milliseconds. */
const GRACE_PERIOD = 2000;

/** How often it is tried to open a log that could not be opened, in milliseconds. */
const LOG_RETRY = 10_000;

export class Server {
  private readonly logger: Logger;
  private readonly watcher: TrackListWatcher;
  private readonly metaSweep: MetaSweep;
  private readonly status: StatusService;
  private engine: Engine | undefined;
  private rules: TrackRule[] = [];
  private stopping = false;
  private handingOver = false;

  /** @param state - what the next server goes on with; undefined where none will follow */
  constructor(
    private readonly options: MountOptions,
    private readonly log: Log,
    private readonly state: ServerState | undefined = undefined,
  ) {
    this.logger = log.logger;
    const { meta, logs, trackfiles: path } = cachePaths(options.root);
    this.metaSweep = new MetaSweep(meta, logs, (error) => {
      this.logger.warn(`what was known about chunks that are gone could not be removed: ${error.message}`);
    });
    this.status = new StatusService(options, this.logger, () => ({
      restarts: state?.restarts ?? 0,
      resentRequests: state?.resent ?? 0,
    }));
    this.watcher = new TrackListWatcher({
      path,
      onRules: (rules) => this.useRules(rules),
      onProblem: (problem) => this.reportPattern(problem),
      onState: (message) => this.logger.warn(message),
    });
  }

  /**
   * Prepares the cache, which must be locked, mounts, and resolves when the mount serves.
   * @param choice - the engine, and why it was chosen
   * @param resume - go on with what the last server left in the state, instead of mounting
   * @throws LogaggError
   */
  async start(choice: EngineChoice, resume = false): Promise<void> {
    const { root, mountpoint } = this.options;
    const paths = cachePaths(root);
    const orElse = <T>(what: string, attempt: () => T, otherwise: T): T =>
      resume ? this.orWithout(what, attempt, otherwise) : attempt();
    if (resume && this.state !== undefined) settleInterruptedCapture(this.state, openPieces(this.state), paths.logs);
    const leftovers = orElse('logs/', () => sealLeftoverChunks(paths.logs), unknownLeftovers());
    this.watcher.readNow();
    const mirrorFd = openMirror(this.options);
    const settings = {
      mirrorFd,
      mountpoint,
      logs: paths.logs,
      meta: this.options.provenance ? paths.meta : undefined,
      clockFile: join(paths.meta, 'clock'),
      newestChunk: leftovers.newest,
      leftovers: leftovers.packed,
      limits: this.options.limits,
      sharesMirrorSpace: orElse('logs/', () => statSync(paths.logs).dev === fstatSync(mirrorFd).dev, false),
      gaps: paths.meta,
      rules: this.rules,
      skipWriters: this.options.skipWriters,
      gid: orElse('group=', () => this.groupId, undefined),
      chunkSize: this.options.chunkSize,
      sealMilliseconds: this.options.sealSeconds * 1000,
      busyPollMicroseconds: this.options.busyPollMicroseconds,
      passthrough: this.options.passthrough,
      nativeUntracked: this.options.nativeUntracked,
      maxDescriptors: Math.floor(openFilesLimit() / 2),
      state: this.state?.place,
      resume,
      idleMilliseconds: this.state === undefined ? 0 : (this.options.hangSeconds * 1000) / 4,
      times: this.status.times.memory,
    };
    this.engine = await this.openEngine(choice, settings);
    // While the engine's threads start. Programs wait for a server that goes on, so there it comes later.
    if (!resume) await this.openLog(this.engine);
    if (faultsOnPurpose !== undefined) this.logger.warn(`LOGAGG_FAULTS: capture fails on purpose: ${faultsOnPurpose}`);
    this.handleSignals();
    const how = await this.untilServing(this.engine);
    if (resume) await this.openLogLater();
    this.watcher.start();
    this.metaSweep.start();
    await this.status.start(this.engine, how, leftovers.packed).catch((error) => {
      this.logger.error(`there is no status of this server: ${reasonOf(error)}`);
    });
    const { chunks, sealed } = leftovers;
    this.logger.info(
      {
        mountpoint,
        root,
        chunks,
        sealed,
        patterns: this.rules.length,
        startMilliseconds: Math.round(performance.now()),
      },
      `${resume ? 'serving again' : 'serving'}: ${how} (${choice.reason})`,
    );
  }

  private get groupId(): number | undefined {
    return this.options.group === undefined ? undefined : resolveGroup(this.options.group);
  }

  /** For a server that goes on: its mount must not end because of the log cache. */
  private orWithout<T>(what: string, attempt: () => T, otherwise: T): T {
    try {
      return attempt();
    } catch (error) {
      this.logger.error(`${what}: ${reasonOf(error)}; going on without`);
      return otherwise;
    }
  }

  /**
   * Resolves when the mount has ended and everything is written, or when another server is to go on.
   * @throws whatever ended it otherwise; {@link isRecoverable} tells whether another one is to go on
   */
  async ended(): Promise<'ended' | 'handedOver'> {
    try {
      await this.engine?.ended;
      this.logger.info(this.handingOver ? 'ended: another server goes on' : 'ended: chunks are sealed');
      return this.handingOver ? 'handedOver' : 'ended';
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.logger.fatal({ stack }, 'the server ends: internal error');
      await this.abandon();
      throw error;
    } finally {
      this.watcher.stop();
      this.metaSweep.stop();
      this.status.stop();
      this.releaseMirror();
      await this.log.close();
    }
  }

  /** Leaves no mount behind that nobody serves; for a server that can't go on. */
  async abandon(): Promise<void> {
    if (this.isRecoverable) return;
    await this.engine?.abandon();
    this.releaseMirror();
  }

  private releaseMirror(): void {
    try {
      releaseMirror(this.options);
    } catch (error) {
      this.logger.warn(`the bind mount of the mirror stays: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Whether a supervisor will start a server that goes on. */
  get isRecoverable(): boolean {
    return this.state?.canResume === true;
  }

  private async untilServing(engine: Engine): Promise<string> {
    try {
      return await engine.serving;
    } catch (error) {
      await this.giveUp(engine);
      throw error;
    }
  }

  private async giveUp(engine: Engine): Promise<void> {
    await engine.abandon();
    this.releaseMirror();
    engine.stop();
    // A thread that sleeps in a system call would keep the process.
    await Promise.race([engine.ended.catch(() => undefined), delay(GRACE_PERIOD, undefined, { ref: false })]);
  }

  /** For a server that goes on, and serves already. */
  private async openLogLater(): Promise<void> {
    try {
      await this.log.open();
    } catch {
      // Nobody to tell. Its lines wait.
      setTimeout(() => void this.openLogLater(), LOG_RETRY).unref();
    }
  }

  private async openLog(engine: Engine): Promise<void> {
    try {
      await this.log.open();
    } catch (error) {
      await this.giveUp(engine);
      throw error;
    }
  }

  /** Loads the engine's code as well: neither needs the other's. */
  private async openEngine(choice: EngineChoice, settings: Omit<KernelEngineSettings, 'deviceFd'>): Promise<Engine> {
    if (choice.engine === 'kernel') {
      const { KernelEngine } = await import('../fuse/kernel-engine.js');
      return new KernelEngine({ ...settings, deviceFd: choice.deviceFd }, this.options, this.events());
    }
    try {
      const { NativeEngine } = await import('../fuse/fuse-native/native-engine.js');
      return new NativeEngine(settings, this.options, this.events());
    } catch (error) {
      if (!(error instanceof LogaggError) || choice.reason === ASKED_FOR) throw error;
      throw new LogaggError(error.code, `${choice.reason}; instead of it, ${error.message}`, { cause: error });
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
    process.on('SIGUSR2', () => this.handOver());
    process.on('SIGHUP', () => this.watcher.reread());
  }

  /** Makes room for another server, such as a newer version's. */
  private handOver(): void {
    if (this.stopping || !this.isRecoverable) {
      this.logger.warn('SIGUSR2: no other server can go on for this one');
      return;
    }
    this.stopping = true;
    this.handingOver = true;
    this.logger.info('SIGUSR2: making room for another server');
    this.engine?.handOver?.();
  }

  private async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.logger.info(`${signal}: unmounting`);
    // Asked before: afterwards a detached mount's files have other names.
    const users = describeUsers(mountUsers(this.options.mountpoint));
    const outcome = await this.engine?.unmount();
    if (outcome === 'busy') {
      this.logger.warn(`still in use${users && ` by ${users}`}: files that are open will soon answer ENOTCONN`);
    }
    // Even where nobody seems to use it: another mount namespace can have a copy of the mount.
    setTimeout(() => this.engine?.stop(), GRACE_PERIOD).unref();
  }

  private events(): EngineEvents {
    return {
      onLosses: (reports, totalBytes) => {
        for (const report of reports) this.reportLoss(report, totalBytes);
      },
      onUnrecorded: (reports) => {
        for (const { path: meta, errno, writes } of reports) {
          this.logger.error({ meta, reason: errnoName(errno), writes }, 'who wrote what could not be recorded');
        }
      },
      onCaptureNews: (news) => this.status.ledger.take(news),
      onPatternProblem: (problem) => this.reportPattern(problem),
      onFilesLost: (files) => {
        this.logger.error({ files }, 'open files could not be opened again: they answer EBADF');
      },
      onDefect: (what, stack) => this.logger.error({ stack }, `defect: ${what}`),
    };
  }

  private reportLoss({ path, errno, writes, chunks, refused, bytes, lines }: LossReport, totalBytes: number): void {
    const file = Buffer.from(path, 'latin1').toString('utf8');
    const fields = { file, reason: errnoName(errno), writes, chunks, refused, bytes, lines, totalBytes };
    if (chunks > 0) this.logger.error(fields, 'the log cache is full: captured chunks were dropped');
    else if (writes > 0) this.logger.error(fields, 'writes were not captured');
    else this.logger.error(fields, 'the log cache is full: writes were refused (full=fail)');
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

/** What the last server was capturing. */
function openPieces(state: ServerState): OpenPiece[] {
  const owners = new Intents(state.section('intents')).openPieces();
  return state.isUring ? [...owners, ...new SlotNotes(slotsOf(state)).openPieces()] : owners;
}
