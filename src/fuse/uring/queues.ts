/**
 * FUSE over io_uring, seen from the main thread: the memory that all threads share, and the queue threads.
 *
 * Guarantees: {@link Queues.ready} tells, before anything is mounted, whether this host can do it; a thread that was started in
 * vain ends by itself.
 */
import { Worker } from 'node:worker_threads';
import { StreamSlots } from '../../capture/stream-slots.js';
import { eventfd } from '../../libc/calls.js';
import { errnoName } from '../../libc/errno.js';
import { OpenDescriptors } from '../../mirror/open-descriptors.js';
import { possibleCpus } from './cpus.js';
import type { FromQueueThread, QueueSettings, SharedMemory, ToQueueThread } from './queue-messages.js';
import { RequestSlots } from './request-slots.js';
import { SlotMailbox } from './slot-mailbox.js';
import { SlotReplies } from './slot-replies.js';

/** On larger machines a thread serves several CPUs. */
const MAX_THREADS = 8;

/** EFD_CLOEXEC. Blocking, because io_uring answers EAGAIN for a descriptor that is not. */
const EVENTFD_FLAGS = 0o2000000;

/** A queue thread allocates next to nothing once it serves. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 256 };

/** What came of starting: inotify instances of the threads, or why there are no threads. */
export type Readiness = { readonly watchFds: readonly number[] } | { readonly refused: string };

export class Queues {
  readonly memory: SharedMemory;
  readonly ready: Promise<Readiness>;
  /** Resolves when all threads are gone, with the errno of one that the kernel has refused to serve. */
  readonly ended: Promise<number>;
  private readonly threads: readonly Worker[];

  /** @param wakeFd - eventfd of the owner of the mirror */
  constructor(deviceFd: number, wakeFd: number, chunkSize: number) {
    const cpus = possibleCpus();
    const threads = Math.min(cpus, MAX_THREADS);
    const slots = RequestSlots.create(cpus);
    const mailbox = (fd: number) => SlotMailbox.create(slots.count + 1, fd).place;
    this.memory = {
      slots: slots.place,
      descriptors: new OpenDescriptors().region.place,
      streams: new StreamSlots().region.place,
      toOwner: mailbox(wakeFd),
      toQueues: Array.from({ length: threads }, () => mailbox(eventfd(0, EVENTFD_FLAGS))),
    };
    this.threads = Array.from({ length: threads }, (_, thread) => {
      const workerData: QueueSettings = { deviceFd, memory: this.memory, thread, chunkSize };
      const url = new URL('./queue-thread.js', import.meta.url);
      return new Worker(url, { workerData, resourceLimits: WORKER_LIMITS });
    });
    this.ready = Promise.all(this.threads.map(readinessOf)).then(combine);
    this.ended = Promise.all(this.threads.map(endOf)).then((errnos) => errnos.find((errno) => errno !== 0) ?? 0);
  }

  /** The kernel has agreed: the threads begin to serve. */
  serve(): void {
    this.tell('serve');
  }

  /** The threads are not needed. */
  dismiss(): void {
    this.tell('end');
  }

  /** Ends threads that serve. */
  stop(): void {
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

function combine(messages: readonly FromQueueThread[]): Readiness {
  const watchFds: number[] = [];
  for (const message of messages) {
    if (message.kind === 'ready') watchFds.push(message.watchFd);
    else return { refused: `io_uring is not available to this process: ${errnoName(message.errno)}` };
  }
  return { watchFds };
}

/** @returns promise of the errno that the thread ended with, once it is gone */
function endOf(thread: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    let errno = 0;
    thread.on('message', (message: FromQueueThread) => {
      if (message.kind === 'ended') errno = message.errno;
    });
    thread.once('error', reject);
    thread.once('exit', () => resolve(errno));
  });
}
