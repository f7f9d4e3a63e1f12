/**
 * The `fuse-native` engine: the npm package of that name, for hosts where the kernel engine can't mount.
 *
 * Guarantees: as {@link Engine} says. Requests are served on the main thread, the only one on which the package works, in
 * the order in which they come. Everything that the package gets wrong is made good for in this folder, or stands in
 * `limitations.ts`; the operations themselves are the same as the kernel engine's (`src/mirror/`).
 */
import { realpathSync } from 'node:fs';
import type Fuse from 'fuse-native';
import { CacheRoom } from '../../capture/cache-room.js';
import { ChunkClock } from '../../capture/chunk-clock.js';
import { ChunkStore } from '../../capture/chunk-store.js';
import { GapJournal } from '../../capture/gap-journal.js';
import { LastWriters } from '../../capture/last-writers.js';
import { Losses } from '../../capture/losses.js';
import { PatternSet } from '../../capture/pattern-set.js';
import { Provenance } from '../../capture/provenance.js';
import { SealedChunks } from '../../capture/sealed-chunks.js';
import { SkippedWriters } from '../../capture/skipped-writers.js';
import type { StreamSlots } from '../../capture/stream-slots.js';
import { HOUSEKEEPING_PAUSE_MS, StreamTable } from '../../capture/stream-table.js';
import type { TrackRule } from '../../capture/track-list.js';
import { unknownWriter } from '../../capture/writer.js';
import { LogaggError } from '../../config/errors.js';
import { FILE_SYSTEM_TYPE } from '../../config/file-system-type.js';
import type { MountOptions } from '../../config/mount-options.js';
import { errnoName } from '../../libc/errno.js';
import { Caller } from '../../mirror/caller.js';
import { Mirror } from '../../mirror/mirror.js';
import { mainThread, OperationTimes } from '../../observability/operation-times.js';
import { ChunkSyncs } from '../chunk-syncs.js';
import type { Engine, EngineEvents } from '../engine.js';
import type { LoopSettings } from '../loop-messages.js';
import { attributeOperations } from './attribute-operations.js';
import { ConnectionWatch } from './connection-watch.js';
import { entryOperations } from './entry-operations.js';
import { fileOperations } from './file-operations.js';
import { libfuseOptions } from './libfuse-options.js';
import { metadataOperations } from './metadata-operations.js';
import { Capability, hasCapability, thisMounter } from './mounter.js';
import { mountNative, OwnMount, unmountNative } from './native-mount.js';
import { NativeRequest } from './native-request.js';
import { NativeSession } from './native-session.js';
import { type FuseNativePackage, loadFuseNative } from './package-loader.js';
import { openingProcess } from './rotation-tools.js';

/** How often idle chunks are looked for, in milliseconds. */
const HOUSEKEEPING_INTERVAL = 1000;

/** What the engine needs besides the mount options. */
export type NativeEngineSettings = Omit<
  LoopSettings,
  'deviceFd' | 'wakeFd' | 'busyPollMicroseconds' | 'passthrough' | 'nativeUntracked' | 'shared'
>;

export class NativeEngine implements Engine {
  readonly name = 'fuse-native';
  readonly serving: Promise<string>;
  readonly ended: Promise<void>;
  private readonly losses: Losses;
  private readonly clock: ChunkClock;
  private patterns: PatternSet;
  private readonly provenance: Provenance | undefined;
  private readonly streams: StreamTable;
  private readonly session: NativeSession;
  private readonly fuse: Fuse;
  private readonly mounter = thisMounter();
  private readonly housekeeping: NodeJS.Timeout;
  private watch: ConnectionWatch | undefined;
  private ownMount: OwnMount | undefined;
  private markEnded: () => void = () => undefined;
  private breakDown: (error: Error) => void = () => undefined;

  /** @throws LogaggError LOGAGG_UNSUPPORTED when the package or libfuse is missing */
  constructor(
    settings: NativeEngineSettings,
    private readonly options: MountOptions,
    private readonly events: EngineEvents,
    private readonly fuseNative: FuseNativePackage = loadFuseNative(),
  ) {
    this.clock = new ChunkClock(settings.clockFile, settings.newestChunk);
    this.patterns = this.compile(settings.rules);
    this.provenance = openProvenance(settings);
    this.losses = new Losses(new GapJournal(settings.gaps, settings.gid));
    const room = new CacheRoom(settings, new SealedChunks(settings.logs, settings.leftovers), this.losses);
    const tableOptions = { ...settings, skippedWriters: new SkippedWriters(settings.skipWriters) };
    const store = new ChunkStore(settings, this.clock, room);
    this.streams = new StreamTable(this.patterns, store, this.losses, tableOptions, undefined, this.provenance);
    this.session = this.openSession(settings);
    const operations = { ...metadataOperations, ...attributeOperations, ...entryOperations, ...fileOperations };
    // Its timeouts answer ETIMEDOUT while the operation goes on: none.
    this.fuse = new fuseNative.Fuse(options.mountpoint, this.session.expose(operations), { timeout: false });
    this.fuse._handlers = this.fuse._handlers.map((handler) => this.noting(handler));
    this.ended = new Promise((resolve, reject) => {
      this.markEnded = resolve;
      this.breakDown = reject;
    });
    // Somebody may come to wait for it only after it was rejected.
    this.ended.catch(() => undefined);
    this.serving = this.mount();
    this.housekeeping = setInterval(() => this.keepHouse(), HOUSEKEEPING_INTERVAL);
    this.serving.catch(() => this.end());
  }

  useRules(rules: readonly TrackRule[]): void {
    this.patterns = this.compile(rules);
    this.streams.usePatterns(this.patterns, this.session.mirror.handles.writable());
    this.applyPatterns();
  }

  /** To open files, between requests. */
  private applyPatterns(): void {
    if (!this.streams.applyPatterns()) setImmediate(() => this.applyPatterns());
  }

  get streamSlots(): StreamSlots {
    return this.streams.slots;
  }

  /** It serves on this thread. */
  isThere(): Promise<void> {
    return Promise.resolve();
  }

  async unmount(): Promise<'unmounted' | 'busy'> {
    // Somebody may have detached ours, and mounted something else since.
    if (!this.ownMount?.isOnTop) return 'busy';
    const { isPrivileged } = this.mounter;
    if ((await unmountNative(this.ownMount.mountpoint, false, isPrivileged)) === 0) return 'unmounted';
    await unmountNative(this.ownMount.mountpoint, true, isPrivileged);
    return 'busy';
  }

  async abandon(): Promise<void> {
    if (this.ownMount?.isOnTop) await unmountNative(this.ownMount.mountpoint, true, this.mounter.isPrivileged);
  }

  stop(): void {
    this.end();
  }

  private openSession(settings: NativeEngineSettings): NativeSession {
    // Files are created with the mode that the kernel gives: no umask of this thread may come on top.
    Caller.separateThread();
    const mirror = new Mirror(settings.mirrorFd, new Caller(), settings.maxDescriptors);
    const creatorOf = (path: string): number => this.creatorOf(path, settings.skipWriters);
    const chunkSyncs = new ChunkSyncs((errno, path) => {
      this.streams.syncFailed(path);
      this.events.onDefect('captured bytes could not be synced', errnoName(errno));
    });
    const reopensNodes = hasCapability(Capability.dacReadSearch);
    const onDefect = (what: string, error: unknown): void =>
      this.events.onDefect(what, error instanceof Error ? (error.stack ?? error.message) : `${error}`);
    const times = new OperationTimes(settings.times, mainThread);
    return new NativeSession(mirror, this.streams, creatorOf, reopensNodes, chunkSyncs, onDefect, times);
  }

  /** Looking for it takes a while: only where a file would be captured. */
  private creatorOf(path: string, skipWriters: readonly string[]): number {
    const full = this.options.mountpoint + Buffer.from(path, 'latin1').toString('utf8');
    return this.patterns.tracks(full) ? openingProcess(skipWriters) : 0;
  }

  /** Notes the record of each request before the package takes it apart. */
  private noting(handler: Fuse.NativeHandler | undefined): Fuse.NativeHandler | undefined {
    if (handler === undefined) return undefined;
    return (record, opcode, ...args) => {
      if (NativeRequest.knows(record)) this.session.request.use(record);
      else this.refuseRecord();
      handler(record, opcode, ...args);
    };
  }

  private refuseRecord(): void {
    this.breakDown(
      new LogaggError('LOGAGG_UNSUPPORTED', 'this build of fuse-native is unknown: install version 2.2.6'),
    );
    this.end();
  }

  private async mount(): Promise<string> {
    const { mountpoint, source, kernelFlags } = this.options;
    const subtype = FILE_SYSTEM_TYPE.replace(/^fuse\./, '');
    const options = libfuseOptions(source, subtype, kernelFlags, this.mounter);
    const firstRequest = new Promise<void>((resolve) => {
      const realPath = realpathSync(mountpoint);
      const connection = mountNative(this.fuse, this.fuseNative, { mountpoint, options }, resolve);
      this.ownMount = new OwnMount(realPath);
      this.watch = new ConnectionWatch(connection, () => this.end());
    });
    // A mount that breaks down or is taken away before its first request never serves.
    const neverServed = this.ended.then(() => {
      throw new LogaggError('LOGAGG_MOUNT_FAILED', `${mountpoint} was unmounted before it could serve`);
    });
    await Promise.race([firstRequest, neverServed]);
    const { isPrivileged, mayAllowOther } = this.mounter;
    const users = mayAllowOther ? '' : ', for this user alone: /etc/fuse.conf has no user_allow_other';
    return `engine fuse-native, ${this.fuseNative.libfuse}, mounted by ${isPrivileged ? 'root' : 'fusermount'}${users}`;
  }

  private compile(rules: readonly TrackRule[]): PatternSet {
    return new PatternSet(rules, (problem) => this.events.onPatternProblem(problem));
  }

  private keepHouse(): void {
    const now = performance.now();
    this.session.walker.letGoOfRenamed();
    const isDone = this.streams.housekeep(now);
    if (!isDone) setTimeout(() => this.session.ended || this.keepHouse(), HOUSEKEEPING_PAUSE_MS).unref();
    this.reportLosses(now);
    this.reportNews();
  }

  private reportNews(): void {
    const news = { events: this.streams.takeEvents(), losses: this.losses.takeNews() };
    if (news.events.length + news.losses.length > 0) this.events.onCaptureNews(news);
  }

  private reportLosses(now: number): void {
    const reports = this.losses.due(now);
    if (reports.length > 0) this.events.onLosses(reports, this.losses.totalBytes);
    const unrecorded = this.provenance?.dueFailures(now) ?? [];
    if (unrecorded.length > 0) this.events.onUnrecorded(unrecorded);
  }

  private end(): void {
    if (this.session.ended) return;
    this.session.ended = true;
    this.watch?.stop();
    clearInterval(this.housekeeping);
    this.streams.endAll();
    this.clock.close();
    this.reportLosses(Number.POSITIVE_INFINITY);
    if (this.watch !== undefined && this.fuse._thread !== null) {
      // Lets the event loop end, which the package holds; libfuse's threads end by themselves.
      this.fuseNative.binding.fuse_native_unmount(this.options.mountpoint, this.fuse._thread);
    }
    this.markEnded();
  }
}

/** Of the path and the times alone: the package tells nobody who writes. */
function openProvenance({ meta, gid }: NativeEngineSettings): Provenance | undefined {
  if (meta === undefined) return undefined;
  const lastWriters = new LastWriters();
  return new Provenance({ meta, gid, writer: unknownWriter, lastWriters, askForCommand: () => undefined });
}
