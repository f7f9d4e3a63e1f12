/**
 * The request loop: everything that lives on its thread, put together.
 *
 * Guarantees: one thread serves all requests, in the order in which they come, so that the order of the chunk is the order
 * of the mirror. Slow work is handed to the main thread. When the mount ends all chunks are sealed.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { ChunkClock } from '../capture/chunk-clock.js';
import { ChunkStore } from '../capture/chunk-store.js';
import { Losses } from '../capture/losses.js';
import { PatternSet } from '../capture/pattern-set.js';
import { SkippedWriters } from '../capture/skipped-writers.js';
import { StreamTable } from '../capture/stream-table.js';
import type { TrackRule } from '../capture/track-list.js';
import { Caller } from '../mirror/caller.js';
import { Mirror } from '../mirror/mirror.js';
import { type DeviceClient, DeviceTransport } from './device-transport.js';
import type { LoopSettings, MessageFromLoop, MessageToLoop } from './loop-messages.js';
import { handlersByOpcode } from './operation-table.js';
import { Session } from './session.js';

/** How often idle chunks are looked for, in milliseconds. */
const HOUSEKEEPING_INTERVAL = 1000;

export class RequestLoop implements DeviceClient {
  private readonly losses = new Losses();
  private readonly mirror: Mirror;
  private readonly streams: StreamTable;
  private readonly session: Session;
  private readonly clock: ChunkClock;

  constructor(
    private readonly settings: LoopSettings,
    private readonly port: MessagePort,
  ) {
    Caller.separateThread();
    this.mirror = new Mirror(settings.mirrorFd, new Caller(), settings.maxDescriptors);
    this.clock = new ChunkClock(settings.clockFile, settings.newestChunk);
    const store = new ChunkStore(settings, this.clock);
    this.streams = new StreamTable(this.compile(settings.rules), store, this.losses, {
      mountpoint: settings.mountpoint,
      sealMilliseconds: settings.sealMilliseconds,
      skippedWriters: new SkippedWriters(settings.skipWriters),
    });
    this.session = new Session(settings.deviceFd, this.mirror, this.streams, settings.passthrough, {
      onNegotiated: (result) =>
        this.tell(
          'unsupported' in result
            ? { kind: 'unsupported', reason: result.unsupported }
            : { kind: 'serving', negotiated: result },
        ),
      onSlowWork: (work) => this.tell({ kind: 'slow', work }),
      onDefect: (opcode, error) =>
        this.tell({
          kind: 'defect',
          opcode,
          stack: error instanceof Error ? (error.stack ?? error.message) : `${error}`,
        }),
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
    this.streams.endAll();
    this.clock.close();
    this.reportLosses(Number.POSITIVE_INFINITY);
  }

  serve(length: number): void {
    this.session.serve(length, handlersByOpcode);
  }

  onMessages(): boolean {
    for (;;) {
      const received: { message: MessageToLoop } | undefined = receiveMessageOnPort(this.port);
      if (received === undefined) return true;
      const { message } = received;
      if (message.kind === 'stop') return false;
      if (message.kind === 'syncFailed') this.streams.syncFailed(message.path);
      if (message.kind === 'rules')
        this.streams.usePatterns(this.compile(message.rules), this.mirror.handles.writable());
    }
  }

  housekeep(now: number): number {
    this.streams.housekeep(now);
    this.reportLosses(now);
    return this.streams.isIdle && this.losses.isEmpty ? -1 : HOUSEKEEPING_INTERVAL;
  }

  private reportLosses(now: number): void {
    const reports = this.losses.due(now);
    if (reports.length > 0) this.tell({ kind: 'losses', reports, totalBytes: this.losses.totalBytes });
  }

  private compile(rules: readonly TrackRule[]): PatternSet {
    return new PatternSet(rules, (problem) => this.tell({ kind: 'pattern', problem }));
  }

  private tell(message: MessageFromLoop): void {
    this.port.postMessage(message);
  }
}
