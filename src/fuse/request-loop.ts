/**
 * The request loop: everything that lives on its thread, put together.
 *
 * Guarantees: one thread serves all requests, in the order in which they come, so that the order of the chunk is the order
 * of the mirror. Slow work is handed to the main thread. When the mount ends all chunks are sealed.
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
import { StreamTable } from '../capture/stream-table.js';
import type { TrackRule } from '../capture/track-list.js';
import { MemoryRegion } from '../libc/memory.js';
import { Caller } from '../mirror/caller.js';
import { Mirror } from '../mirror/mirror.js';
import { OpenDescriptors } from '../mirror/open-descriptors.js';
import { type DeviceClient, DeviceTransport } from './device-transport.js';
import type { LoopSettings, MessageFromLoop, MessageToLoop } from './loop-messages.js';
import type { Negotiated, Unsupported, Wanted } from './negotiation.js';
import { handlersByOpcode } from './operation-table.js';
import { NO_REPLY, Session } from './session.js';
import { HandedRequests } from './uring/handed-requests.js';
import { HotRequests } from './uring/hot-requests.js';

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
  /** Whether queue threads serve requests. */
  private hasQueues = false;

  constructor(
    private readonly settings: LoopSettings,
    private readonly port: MessagePort,
  ) {
    Caller.separateThread();
    this.wanted = { passthrough: settings.passthrough, nativeUntracked: settings.nativeUntracked, uring: false };
    const { shared } = settings;
    const descriptors = new OpenDescriptors(shared && MemoryRegion.at(shared.descriptors));
    const slots = new StreamSlots(shared && MemoryRegion.at(shared.streams));
    this.mirror = new Mirror(settings.mirrorFd, new Caller(), settings.maxDescriptors, descriptors);
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
    this.streams = new StreamTable(patterns, store, this.losses, options, slots, this.provenance);
    this.session = new Session(settings.deviceFd, this.mirror, this.streams, this.wanted, {
      onNegotiated: (result) => {
        this.negotiated = result;
      },
      onSlowWork: (work) => this.tell({ kind: 'slow', work }),
      onDefect: (opcode, error) =>
        this.tell({
          kind: 'defect',
          opcode,
          stack: error instanceof Error ? (error.stack ?? error.message) : `${error}`,
        }),
    });
    if (shared !== undefined) {
      const hot = HotRequests.at(shared, slots, settings.chunkSize);
      this.handed = new HandedRequests(shared, this.session, this.streams, handlersByOpcode, hot);
    }
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
    this.tell({ kind: 'ready' });
    transport.awaitWakeUp();
    transport.run();
    if (this.hasQueues) this.handed?.end();
    this.streams.endAll();
    this.clock.close();
    this.reportLosses(Number.POSITIVE_INFINITY);
  }

  serve(length: number): void {
    const { session, settings } = this;
    const result = session.serve(length, handlersByOpcode, -1);
    if (result !== NO_REPLY) session.reply.send(settings.deviceFd, session.request, result);
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

  awake(): void {
    this.handed?.awake();
  }

  onMessages(): boolean {
    for (;;) {
      const received: { message: MessageToLoop } | undefined = receiveMessageOnPort(this.port);
      if (received === undefined) return true;
      const { message } = received;
      if (message.kind === 'stop') return false;
      if (message.kind === 'mounted') this.wanted.uring = message.uring;
      if (message.kind === 'syncFailed') this.streams.syncFailed(message.path);
      if (message.kind === 'command') this.provenance?.learn(message.pid, message.bytes);
      if (message.kind === 'rules')
        this.streams.usePatterns(this.compile(message.rules), this.mirror.handles.writable());
    }
  }

  housekeep(now: number): number {
    this.streams.housekeep(now);
    this.reportLosses(now);
    const isIdle = this.streams.isIdle && this.losses.isEmpty && (this.provenance?.isIdle ?? true);
    return isIdle ? -1 : HOUSEKEEPING_INTERVAL;
  }

  private reportLosses(now: number): void {
    const reports = this.losses.due(now);
    if (reports.length > 0) this.tell({ kind: 'losses', reports, totalBytes: this.losses.totalBytes });
    const unrecorded = this.provenance?.dueFailures(now) ?? [];
    if (unrecorded.length > 0) this.tell({ kind: 'unrecorded', reports: unrecorded });
  }

  private compile(rules: readonly TrackRule[]): PatternSet {
    return new PatternSet(rules, (problem) => this.tell({ kind: 'pattern', problem }));
  }

  private tell(message: MessageFromLoop): void {
    this.port.postMessage(message);
  }
}
