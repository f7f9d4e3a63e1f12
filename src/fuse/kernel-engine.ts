/**
 * The `kernel` engine, seen from the main thread: a worker with the request loop, and the slow calls.
 *
 * Guarantees: as {@link Engine} says. The mount is made only after the worker is ready to serve it.
 */

import { realpathSync, writeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { CommandLines } from '../capture/command-lines.js';
import { StreamSlots } from '../capture/stream-slots.js';
import type { TrackRule } from '../capture/track-list.js';
import { LogaggError } from '../config/errors.js';
import type { MountOptions } from '../config/mount-options.js';
import { eventfd } from '../libc/calls.js';
import { errnoName } from '../libc/errno.js';
import { EFD_CLOEXEC, EFD_NONBLOCK } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { mainThread, OperationTimes } from '../observability/operation-times.js';
import { crashAt } from '../recovery/crash-point.js';
import { type AgreedProtocol, ServerState } from '../recovery/server-state.js';
import { takeLoopThread } from './early-threads.js';
import type { Engine, EngineEvents } from './engine.js';
import type { LoopSettings, MessageFromLoop, MessageToLoop } from './loop-messages.js';
import { type MountEntry, mountById, mountsAt } from './mount-table.js';
import { mountDevice, unmount } from './mounting.js';
import type { Negotiated } from './negotiation.js';
import { SlowCalls } from './slow-calls.js';
import { Queues } from './uring/queues.js';
import { SlotReplies } from './uring/slot-replies.js';
import { whyNoUring } from './uring/uring-support.js';

/** What the engine needs besides the mount options. */
export type KernelEngineSettings = Omit<LoopSettings, 'wakeFd' | 'shared'>;

export class KernelEngine implements Engine {
  readonly name = 'kernel';
  readonly serving: Promise<string>;
  readonly ended: Promise<void>;
  streamSlots: StreamSlots | undefined;
  private readonly wakeFd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  private readonly deviceFd: number;
  /** Those who wait for a sign of life of the request loop. */
  private readonly waiting: (() => void)[] = [];
  private readonly worker: Worker;
  private readonly queues: Queues | undefined;
  private readonly state: ServerState | undefined;
  /** Why requests do not come over io_uring, where they do not. */
  private whyDevice: string | undefined;
  private readonly slowCalls: SlowCalls;
  private readonly commandLines = new CommandLines((pid, bytes) => this.send({ kind: 'command', pid, bytes }));
  /** Real path, found before it leads to ourselves. */
  private readonly mountpoint: string;
  private isMounted = false;
  private isStopped = false;
  private mountId: number | undefined;
  private markServing: (how: string) => void = () => undefined;
  private refuse: (error: Error) => void = () => undefined;

  constructor(
    settings: KernelEngineSettings,
    private readonly options: MountOptions,
    private readonly events: EngineEvents,
  ) {
    this.deviceFd = settings.deviceFd;
    this.state = settings.state && ServerState.at(settings.state);
    this.mountpoint = this.state && settings.resume ? placeOf(this.state, options) : realpathSync(options.mountpoint);
    this.whyDevice = this.state && settings.resume ? transportBefore(this.state) : whyTransportDevice(options);
    if (this.whyDevice === undefined)
      this.queues = new Queues({ ...settings, wakeFd: this.wakeFd, mountpoint: this.mountpoint });
    const shared = this.queues?.memory;
    this.slowCalls = new SlowCalls(
      settings.deviceFd,
      shared && new SlotReplies(shared),
      (errno, path) => {
        this.send({ kind: 'syncFailed', path });
        events.onDefect('captured bytes could not be synced', errnoName(errno));
      },
      new OperationTimes(settings.times, mainThread),
    );
    this.worker = takeLoopThread();
    this.worker.postMessage({ ...settings, wakeFd: this.wakeFd, shared } satisfies LoopSettings);
    this.worker.on('message', (message: MessageFromLoop) => this.receive(message));
    this.serving = new Promise((resolve, reject) => {
      this.markServing = resolve;
      this.refuse = reject;
    });
    this.ended = new Promise((resolve, reject) => {
      this.worker.on('error', reject);
      this.worker.on('exit', () => resolve(this.endQueues()));
      this.queues?.ended.catch(reject);
    });
    this.ended.catch((error: Error) => this.refuse(error));
  }

  handOver(): void {
    this.send({ kind: 'handOver' });
  }

  useRules(rules: readonly TrackRule[]): void {
    this.send({ kind: 'rules', rules });
  }

  isThere(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) this.send({ kind: 'areYouThere' });
    });
  }

  async unmount(): Promise<'unmounted' | 'busy'> {
    // Somebody may have detached ours, and mounted something else since.
    if (topMountAt(this.mountpoint)?.id !== this.mountId) return 'busy';
    if ((await unmount(this.mountpoint, false)) === 0) return 'unmounted';
    await unmount(this.mountpoint, true);
    return 'busy';
  }

  async abandon(): Promise<void> {
    if (this.isMounted && topMountAt(this.mountpoint)?.id === this.mountId) await unmount(this.mountpoint, true);
  }

  stop(): void {
    this.isStopped = true;
    this.send({ kind: 'stop' });
  }

  /** When the mount has ended: no thread may be left that sleeps in a system call. */
  private async endQueues(): Promise<void> {
    this.queues?.stop();
    await this.queues?.ended;
  }

  private async mount(): Promise<void> {
    try {
      const uring = await this.readyQueues();
      // What nobody would serve is not mounted.
      if (this.isStopped) return;
      mountDevice(this.deviceFd, this.options);
      crashAt?.('mounted');
      this.isMounted = true;
      this.mountId = topMountAt(this.mountpoint)?.id;
      this.send({ kind: 'mounted', uring });
    } catch (error) {
      this.refuse(error instanceof Error ? error : new Error(String(error)));
      this.stop();
    }
  }

  /** @returns whether there are queue threads */
  private async readyQueues(): Promise<boolean> {
    if (this.queues === undefined) return false;
    this.whyDevice = await this.queues.ready;
    if (this.whyDevice !== undefined && this.options.transport === 'uring') {
      throw new LogaggError('LOGAGG_UNSUPPORTED', `transport=uring: ${this.whyDevice}`);
    }
    return this.whyDevice === undefined;
  }

  private send(message: MessageToLoop): void {
    this.worker.postMessage(message);
    writeSync(this.wakeFd, new BigUint64Array([1n]));
  }

  private serve(negotiated: Negotiated): void {
    if (negotiated.uring) this.queues?.serve();
    else this.useDeviceOnly();
    const mount = topMountAt(this.mountpoint);
    if (mount !== undefined) this.state?.begin(negotiated, { id: mount.id, connection: mount.deviceMinor });
    this.markServing(describe(negotiated, this.whyDevice));
  }

  /** The worker has taken over from the last server. */
  private async goOn(lost: number, files: readonly number[]): Promise<void> {
    const { state } = this;
    if (state === undefined) return;
    const refused = await this.queues?.ready;
    if (refused !== undefined) {
      this.refuse(new LogaggError('LOGAGG_UNSUPPORTED', `transport=uring: ${refused}`));
      return;
    }
    this.isMounted = true;
    this.mountId = state.mountId;
    this.queues?.serve({ restarts: state.restarts, files });
    if (lost > 0) this.events.onFilesLost(lost);
    this.markServing(`${describe(state.agreed, this.whyDevice)}, restart ${state.restarts}`);
  }

  private useDeviceOnly(): void {
    this.queues?.dismiss();
    this.whyDevice ??= 'the kernel does not offer io_uring';
  }

  private receive(message: MessageFromLoop): void {
    switch (message.kind) {
      case 'ready':
        this.streamSlots = new StreamSlots(MemoryRegion.at(message.streams));
        void this.mount();
        break;
      case 'serving':
        this.serve(message.negotiated);
        break;
      case 'resumed':
        this.streamSlots = new StreamSlots(MemoryRegion.at(message.streams));
        void this.goOn(message.lost, message.files);
        break;
      case 'unsupported':
        this.refuse(new LogaggError('LOGAGG_UNSUPPORTED', message.reason));
        break;
      case 'slow':
        this.slowCalls.run(message.work);
        break;
      case 'iAmHere':
        for (const resolve of this.waiting.splice(0)) resolve();
        break;
      case 'capture':
        this.events.onCaptureNews(message.news);
        break;
      case 'losses':
        this.events.onLosses(message.reports, message.totalBytes);
        break;
      case 'unrecorded':
        this.events.onUnrecorded(message.reports);
        break;
      case 'commandOf':
        this.commandLines.request(message.pid);
        break;
      case 'pattern':
        this.events.onPatternProblem(message.problem);
        break;
      case 'defect':
        this.events.onDefect(`request ${message.opcode}`, message.stack);
        break;
    }
  }
}

/** Why requests do not come over io_uring; undefined where they may. */
function whyTransportDevice({ transport }: MountOptions): string | undefined {
  return transport === 'device' ? 'as asked for' : whyNoUring();
}

/** The same for a mount that we go on with. */
function transportBefore({ isUring }: ServerState): string | undefined {
  return isUring ? undefined : 'as before';
}

/** Where the mount is that we go on with: asking its own directory would be asking ourselves. */
function placeOf({ mountId }: ServerState, { mountpoint }: MountOptions): string {
  return mountById(mountId)?.mountpoint ?? mountpoint;
}

/** The visible mount at a real path. */
function topMountAt(path: string): MountEntry | undefined {
  return mountsAt(path).at(-1);
}

function describe({ minor, passthrough }: AgreedProtocol, whyDevice: string | undefined): string {
  const transport = whyDevice === undefined ? 'uring' : `device (${whyDevice})`;
  return `engine kernel, transport ${transport}, FUSE 7.${minor}, passthrough ${passthrough ? 'on' : 'off'}`;
}
