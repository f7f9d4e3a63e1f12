/**
 * FUSE over io_uring, seen from the main thread: the memory that all threads share, and the queue threads.
 *
 * Guarantees: {@link Queues.ready} tells, before anything is mounted, whether this host can do it; a thread that was started in
 * vain ends by itself.
 */
import { Worker } from 'node:worker_threads';
import { ByteCredit } from '../../capture/byte-credit.js';
import { LastWriters } from '../../capture/last-writers.js';
import { StreamSlots } from '../../capture/stream-slots.js';
import { eventfd } from '../../libc/calls.js';
import { Errno, errnoName } from '../../libc/errno.js';
import { EFD_CLOEXEC } from '../../libc/flags.js';
import { type MemoryPlace, MemoryRegion } from '../../libc/memory.js';
import { OpenDescriptors } from '../../mirror/open-descriptors.js';
import { ServerState } from '../../recovery/server-state.js';
import { takeQueueThreads } from '../early-threads.js';
import { Activity } from './activity.js';
import type { IdleSpinnerSettings } from './idle-spinner.js';
import { requestFromOutside } from './outside-request.js';
import { possibleCpus } from './possible-cpus.js';
import type { FromQueueThread, Predecessors, QueueSettings, SharedMemory, ToQueueThread } from './queue-messages.js';
import { RequestSlots } from './request-slots.js';
import { SlotMailbox } from './slot-mailbox.js';
import { SlotReplies } from './slot-replies.js';
import { turnsSize } from './turns.js';

/** Where one thread more keeps the other CPU awake. With more CPUs it would take one for each. */
const SPINNER_CPUS = 2;

/** The CPUs have more urgent things to do at first, in milliseconds. */
const SPINNER_DELAY = 500;

/** It allocates nothing. */
const SPINNER_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 256 };

export interface QueuesOptions {
  readonly deviceFd: number;
  /** eventfd of the owner of the mirror. */
  readonly wakeFd: number;
  readonly chunkSize: number;
  readonly busyPollMicroseconds: number;
  /** Folder for the provenance of chunks; undefined for none. */
  readonly meta: string | undefined;
  /** Where operations are counted. */
  readonly times: SharedArrayBuffer;
  readonly mountpoint: string;
  /** What the next server goes on with; undefined for a server that none will follow. */
  readonly state: MemoryPlace | undefined;
}

/** The slots of requests, where the next server finds them. */
export function slotsOf(state: ServerState): RequestSlots {
  const [headers, payloads] = [state.placeOf('slotHeaders'), state.placeOf('slotPayloads')];
  return RequestSlots.create(possibleCpus(), { headers, payloads });
}

export class Queues {
  readonly memory: SharedMemory;
  /** Resolves with why there can be no queue threads; with undefined when they are there. */
  readonly ready: Promise<string | undefined>;
  /** Resolves when all threads are gone. Rejects when one can't serve any more although the mount lives. */
  readonly ended: Promise<void>;
  private readonly threads: readonly Worker[];
  private readonly activity = new Activity();
  private readonly busyPollMicroseconds: number;

  constructor({
    deviceFd,
    wakeFd,
    chunkSize,
    busyPollMicroseconds,
    meta,
    times,
    mountpoint,
    state: place,
  }: QueuesOptions) {
    this.busyPollMicroseconds = busyPollMicroseconds;
    this.threads = takeQueueThreads();
    const state = place && ServerState.at(place);
    const slots = state === undefined ? RequestSlots.create(possibleCpus()) : slotsOf(state);
    if (state !== undefined) slots.populate();
    // Those of the threads block, because io_uring answers EAGAIN for a descriptor that does not.
    const mailbox = (fd: number) => SlotMailbox.create(slots.count + this.threads.length, fd).place;
    this.memory = {
      slots: slots.place,
      descriptors: new OpenDescriptors().region.place,
      streams: state?.placeOf('streams') ?? new StreamSlots().region.place,
      lastWriters: meta === undefined ? undefined : new LastWriters().region.place,
      credit: new ByteCredit().region.place,
      activity: this.activity.memory,
      turns: new MemoryRegion(turnsSize(this.threads.length)).place,
      toOwner: mailbox(wakeFd),
      toQueues: this.threads.map(() => mailbox(eventfd(0, EFD_CLOEXEC))),
    };
    for (const [index, thread] of this.threads.entries()) {
      const settings: QueueSettings = { deviceFd, memory: this.memory, thread: index, chunkSize, times };
      thread.postMessage(settings);
      thread.on('message', (message: FromQueueThread) => {
        if (message.kind === 'waiting') for (const cpu of message.cpus) requestFromOutside(cpu, mountpoint);
      });
    }
    this.ready = Promise.all(this.threads.map(readinessOf)).then(firstRefusal);
    this.ended = Promise.all(this.threads.map(endOf)).then(() => undefined);
  }

  private spin(): void {
    const { busyPollMicroseconds } = this;
    const workerData: IdleSpinnerSettings = { activity: this.memory.activity, busyPollMicroseconds };
    new Worker(new URL('./idle-spinner.js', import.meta.url), { workerData, resourceLimits: SPINNER_LIMITS }).unref();
  }

  /**
   * The kernel has agreed: the threads begin to serve.
   * @param predecessors - of a server that goes on where another has died
   */
  serve(predecessors?: Predecessors): void {
    if (this.memory.slots.queues === SPINNER_CPUS && this.busyPollMicroseconds > 0) {
      setTimeout(() => this.spin(), SPINNER_DELAY).unref();
    }
    this.tell({ kind: 'serve', predecessors });
  }

  /** The threads are not needed. */
  dismiss(): void {
    this.activity.end();
    this.tell({ kind: 'end' });
  }

  /** Ends threads whether they serve or wait to be told to. */
  stop(): void {
    this.dismiss();
    new SlotReplies(this.memory).endQueues();
  }

  private tell(message: ToQueueThread): void {
    for (const thread of this.threads) thread.postMessage(message);
  }
}

function readinessOf(thread: Worker): Promise<FromQueueThread> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

function firstRefusal(messages: readonly FromQueueThread[]): string | undefined {
  const refused = messages.find((message) => message.kind === 'refused');
  return refused && `io_uring is not available to this process: ${errnoName(refused.errno)}`;
}

/** Errnos that say that the mount is gone. */
const MOUNT_IS_GONE: readonly number[] = [0, Errno.ENOTCONN, Errno.ECONNABORTED, Errno.ENODEV];

function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.on('message', (message: FromQueueThread) => {
      if (message.kind !== 'ended' || MOUNT_IS_GONE.includes(message.errno)) return;
      reject(new Error(`the kernel refuses requests over io_uring: ${errnoName(message.errno)}`));
    });
    thread.once('error', reject);
    thread.once('exit', () => resolve());
  });
}
