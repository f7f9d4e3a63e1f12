/**
 * The request loop: everything that lives on its thread, put together.
 *
 * Guarantees: one thread serves all requests, in the order in which they come, so that the order of the chunk is the order
 * of the mirror. Slow work is handed to the main thread. When the mount ends all chunks are sealed; when the next server is to go
 * on, or this one goes on after another, see `src/recovery/intents.ts`.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { ByteCredit } from '../capture/byte-credit.js';
import { CacheRoom } from '../capture/cache-room.js';
import { ChunkClock } from '../capture/chunk-clock.js';
import { ChunkStore } from '../capture/chunk-store.js';
import { GapJournal } from '../capture/gap-journal.js';
import { LastWriters } from '../capture/last-writers.js';
import { Losses } from '../capture/losses.js';
import { PatternSet } from '../capture/pattern-set.js';
import { Provenance } from '../capture/provenance.js';
import { SealedChunks } from '../capture/sealed-chunks.js';
import { SkippedWriters } from '../capture/skipped-writers.js';
import { StreamSlots } from '../capture/stream-slots.js';
import { HOUSEKEEPING_PAUSE_MS, StreamTable } from '../capture/stream-table.js';
import type { TrackRule } from '../capture/track-list.js';
import { write } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';
import { Caller } from '../mirror/caller.js';
import { HandleRecords } from '../mirror/handle-records.js';
import { Mirror, type MirrorRecords } from '../mirror/mirror.js';
import { NodeRecords } from '../mirror/node-records.js';
import { OpenDescriptors } from '../mirror/open-descriptors.js';
import { loopThread, OperationTimes } from '../observability/operation-times.js';
import { crashAt } from '../recovery/crash-point.js';
import { IdleBackings } from '../recovery/idle-backings.js';
import { Intents, RESENT } from '../recovery/intents.js';
import { requestAgain } from '../recovery/request-again.js';
import { ServerState } from '../recovery/server-state.js';
import { TextPool } from '../recovery/text-pool.js';
import { type DeviceClient, DeviceTransport } from './device-transport.js';
import type { LoopSettings, MessageFromLoop, MessageToLoop } from './loop-messages.js';
import type { Negotiated, Unsupported, Wanted } from './negotiation.js';
import { handlersByOpcode } from './operation-table.js';
import { NO_REPLY, Session, type SessionEvents } from './session.js';
import { HandedRequests } from './uring/handed-requests.js';
import { HotRequests } from './uring/hot-requests.js';

/** How long requests wait for patterns that are being compiled, in milliseconds. */
const COMPILE_SLICE = 2;

/** Of so many files that the kernel should know one is enough that it does. */
const KNOWN_FILES = 16;

/** How often idle chunks are looked for, in milliseconds. */
const HOUSEKEEPING_INTERVAL = 1000;

export class RequestLoop implements DeviceClient {
  private readonly losses: Losses;
  private readonly mirror: Mirror;
  private readonly streams: StreamTable;
  private readonly provenance: Provenance | undefined;
  private readonly session: Session;
  private readonly clock: ChunkClock;
  private readonly handed: HandedRequests | undefined;
  private readonly wanted: Wanted & { uring: boolean };
  private negotiated: Negotiated | Unsupported | undefined;
  /** Patterns that will be in force once they are compiled. */
  private comingPatterns: PatternSet | undefined;
  private readonly wakeUp = new MemoryRegion(8);
  private readonly state: ServerState | undefined;
  /** Whether queue threads serve requests. */
  private hasQueues = false;

  constructor(
    private readonly settings: LoopSettings,
    private readonly port: MessagePort,
  ) {
    Caller.separateThread();
    this.wakeUp.words[0] = 1;
    const { shared, passthrough, nativeUntracked } = settings;
    this.wanted = { passthrough, nativeUntracked, uring: false, recoverable: settings.state !== undefined };
    this.state = settings.state && ServerState.at(settings.state);
    const texts = new TextPool(this.state?.section('texts'));
    const records = {
      intents: new Intents(this.state?.section('intents')),
      nodes: new NodeRecords(texts, this.state?.section('nodes')),
      handles: new HandleRecords(texts, this.state?.section('handles')),
      backings: new IdleBackings(this.state?.section('backings')),
    };
    const times = new OperationTimes(settings.times, loopThread);
    const descriptors = new OpenDescriptors(shared && MemoryRegion.at(shared.descriptors));
    const streams = shared ? MemoryRegion.at(shared.streams) : this.state?.section('streams');
    const slots = new StreamSlots(streams, texts);
    if (settings.resume) texts.restore(usedTexts(records, slots));
    this.mirror = new Mirror(settings.mirrorFd, new Caller(), settings.maxDescriptors, descriptors, records);
    this.clock = new ChunkClock(settings.clockFile, settings.newestChunk);
    this.losses = new Losses(new GapJournal(settings.gaps, settings.gid));
    const sealed = new SealedChunks(settings.logs, settings.leftovers);
    const credit = new ByteCredit(shared && MemoryRegion.at(shared.credit));
    const store = new ChunkStore(settings, this.clock, new CacheRoom(settings, sealed, this.losses, credit));
    const options = {
      mountpoint: settings.mountpoint,
      sealMilliseconds: settings.sealMilliseconds,
      skippedWriters: new SkippedWriters(settings.skipWriters),
    };
    this.provenance = this.openProvenance();
    const patterns = this.compile(settings.rules);
    const { intents } = records;
    this.streams = new StreamTable(patterns, store, this.losses, options, slots, this.provenance, intents);
    const events = this.sessionEvents();
    this.session = new Session(settings.deviceFd, this.mirror, this.streams, this.wanted, events, times);
    if (shared !== undefined) {
      const hot = HotRequests.at(shared, slots, settings.chunkSize, times);
      this.handed = new HandedRequests(shared, this.session, this.streams, handlersByOpcode, hot);
    }
  }

  private sessionEvents(): SessionEvents {
    return {
      onNegotiated: (result) => {
        this.negotiated = result;
      },
      onSlowWork: (work) => {
        this.mirror.intents.handOver(work.kind === 'sync' ? work.written : undefined);
        this.tell({ kind: 'slow', work });
        crashAt?.('handed-over');
      },
      onDefect: (opcode, error) =>
        this.tell({
          kind: 'defect',
          opcode,
          stack: error instanceof Error ? (error.stack ?? error.message) : `${error}`,
        }),
    };
  }

  private openProvenance(): Provenance | undefined {
    const { meta, gid, shared } = this.settings;
    if (meta === undefined) return undefined;
    return new Provenance({
      meta,
      gid,
      writer: this.mirror.caller,
      lastWriters: new LastWriters(shared?.lastWriters && MemoryRegion.at(shared.lastWriters)),
      askForCommand: (pid) => this.tell({ kind: 'commandOf', pid }),
    });
  }

  /** Serves until the mount ends. */
  run(): void {
    const { deviceFd, wakeFd, busyPollMicroseconds } = this.settings;
    const buffer = this.session.request.region;
    const transport = new DeviceTransport({ deviceFd, wakeFd, busyPollMicroseconds, buffer }, this);
    if (this.settings.resume) this.resume();
    else {
      this.tell({ kind: 'ready', streams: this.streams.slots.region.place });
      transport.awaitWakeUp();
    }
    transport.run();
    if (this.hasQueues) this.handed?.end();
    this.streams.endAll();
    this.clock.close();
    this.reportLosses(Number.POSITIVE_INFINITY);
  }

  /** Goes on where the last server died. */
  private resume(): void {
    const { state, mirror, session, streams, settings } = this;
    if (state === undefined) throw new Error('there is no state to go on with');
    const { handles } = mirror;
    const lost = mirror.restore();
    streams.restore([...handles.writable()].map(([handle]) => [handle, handles.records.skipped(handle)] as const));
    streams.usePatterns(this.compile(settings.rules), handles.writable());
    this.renewPatterns();
    const { agreed } = state;
    session.begin(agreed);
    session.passthrough?.restore();
    mirror.nodes.sweep();
    this.hasQueues = this.handed !== undefined;
    if (this.handed !== undefined) state.countResent(this.handed.takeOver());
    crashAt?.('resumed');
    requestAgain(settings.deviceFd, agreed.resend, mirror.intents);
    crashAt?.('resent');
    // Before the first request is served: a server that dies in one has served.
    state.resume();
    const files = mirror.nodes.someFiles(KNOWN_FILES).map(({ id }) => id);
    this.tell({ kind: 'resumed', lost, streams: streams.slots.region.place, files });
  }

  serve(length: number): void {
    const { session, settings } = this;
    if (session.request.uniqueHigh >= RESENT) this.state?.countResent();
    const result = session.serve(length, handlersByOpcode, -1);
    if (result !== NO_REPLY) session.reply.send(settings.deviceFd, session.request, result);
    crashAt?.('answered');
    if (this.negotiated !== undefined) this.tellNegotiated(this.negotiated);
  }

  /** Only after the kernel has its answer: it takes no queue before. */
  private tellNegotiated(result: Negotiated | Unsupported): void {
    this.negotiated = undefined;
    if ('unsupported' in result) this.tell({ kind: 'unsupported', reason: result.unsupported });
    else {
      this.hasQueues = result.uring;
      this.tell({ kind: 'serving', negotiated: result });
    }
  }

  get readyFd(): number {
    return this.handed?.readyFd ?? -1;
  }

  serveOthers(): boolean {
    return this.handed?.serveAll() ?? false;
  }

  prepareToSleep(): boolean {
    return this.handed?.prepareToSleep() ?? true;
  }

  awake(isReady: boolean): void {
    this.handed?.awake(isReady);
  }

  onMessages(): boolean {
    for (;;) {
      const received: { message: MessageToLoop } | undefined = receiveMessageOnPort(this.port);
      if (received === undefined) break;
      const { message } = received;
      if (message.kind === 'stop') return false;
      if (message.kind === 'handOver') return false;
      if (message.kind === 'areYouThere') this.showLife();
      if (message.kind === 'mounted') this.wanted.uring = message.uring;
      if (message.kind === 'syncFailed') this.streams.syncFailed(message.path);
      if (message.kind === 'command') this.provenance?.learn(message.pid, message.bytes);
      if (message.kind === 'rules') this.comingPatterns = this.compile(message.rules, false);
    }
    this.renewPatterns();
    return true;
  }

  /**
   * Compiles new patterns, then applies them to open files, between requests: thousands of either take a while. Until they are
   * compiled the old ones are in force.
   */
  private renewPatterns(): void {
    const { comingPatterns } = this;
    if (comingPatterns?.compileFor(COMPILE_SLICE)) {
      this.comingPatterns = undefined;
      this.streams.usePatterns(comingPatterns, this.mirror.handles.writable());
    }
    if (this.comingPatterns === undefined && this.streams.applyPatterns()) return;
    // Comes here again even when no request does.
    write(this.settings.wakeFd, this.wakeUp.address, 8);
  }

  housekeep(now: number): number {
    if (this.handed?.queuesGetOn(now, 2 * this.settings.idleMilliseconds) ?? true) this.state?.beat();
    const isDone = this.streams.housekeep(now);
    this.reportLosses(now);
    this.reportNews();
    if (!isDone) return HOUSEKEEPING_PAUSE_MS;
    if (!this.isIdle) return HOUSEKEEPING_INTERVAL;
    return this.settings.idleMilliseconds === 0 ? -1 : this.settings.idleMilliseconds;
  }

  get isIdle(): boolean {
    return this.streams.isIdle && this.losses.isEmpty && (this.provenance?.isIdle ?? true);
  }

  private reportLosses(now: number): void {
    const reports = this.losses.due(now);
    if (reports.length > 0) this.tell({ kind: 'losses', reports, totalBytes: this.losses.totalBytes });
    const unrecorded = this.provenance?.dueFailures(now) ?? [];
    if (unrecorded.length > 0) this.tell({ kind: 'unrecorded', reports: unrecorded });
  }

  /** Who asks gets to know all that there is until now. */
  private showLife(): void {
    this.reportNews();
    this.tell({ kind: 'iAmHere' });
  }

  private reportNews(): void {
    const news = { events: this.streams.takeEvents(), losses: this.losses.takeNews() };
    if (news.events.length + news.losses.length > 0) this.tell({ kind: 'capture', news });
  }

  private compile(rules: readonly TrackRule[], isComplete = true): PatternSet {
    return new PatternSet(rules, (problem) => this.tell({ kind: 'pattern', problem }), isComplete);
  }

  private tell(message: MessageFromLoop): void {
    this.port.postMessage(message);
  }
}

/** Heads of the texts that the last server's records name. */
function* usedTexts({ nodes, handles }: MirrorRecords, slots: StreamSlots): Generator<number> {
  yield* nodes.textHeads();
  yield* handles.textHeads();
  yield* slots.textHeads();
}
