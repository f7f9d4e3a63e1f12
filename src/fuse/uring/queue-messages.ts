/** What queue threads and the main thread say to each other: plain data. */
import type { MemoryPlace } from '../../libc/memory.js';
import type { RequestSlotsPlace } from './request-slots.js';
import type { MailboxPlace } from './slot-mailbox.js';

/** What all threads of a mount share. */
export interface SharedMemory {
  readonly slots: RequestSlotsPlace;
  /** Descriptors of the open files. */
  readonly descriptors: MemoryPlace;
  /** Streams and their live chunks. */
  readonly streams: MemoryPlace;
  /** Who wrote to the live chunks last; undefined with `provenance=off`. */
  readonly lastWriters: MemoryPlace | undefined;
  /** Bytes that may be captured without asking the owner. */
  readonly credit: MemoryPlace;
  /** Whether requests are coming. */
  readonly activity: SharedArrayBuffer;
  /** Whether the queue threads get on. */
  readonly turns: MemoryPlace;
  /** Requests on their way to the owner of the mirror. */
  readonly toOwner: MailboxPlace;
  /** Answered requests on their way back, by queue thread. */
  readonly toQueues: readonly MailboxPlace[];
}

/** Everything that a queue thread needs to begin: the first message to it. */
export interface QueueSettings {
  readonly deviceFd: number;
  readonly memory: SharedMemory;
  /** Which of the queue threads it is. */
  readonly thread: number;
  /** Bytes beyond which a chunk ends. */
  readonly chunkSize: number;
  /** Where operations are counted, see `src/observability/operation-times.ts`. */
  readonly times: SharedArrayBuffer;
}

/** What servers that are dead have left. */
export interface Predecessors {
  /** How many they were. */
  readonly restarts: number;
  /** Node ids of some files that the kernel should know. */
  readonly files: readonly number[];
}

export type ToQueueThread =
  | { readonly kind: 'serve'; readonly predecessors: Predecessors | undefined }
  | { readonly kind: 'end' };

export type FromQueueThread =
  /** io_uring is set up. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly errno: number }
  /** Requests of these CPUs may wait until another one comes there. */
  | { readonly kind: 'waiting'; readonly cpus: readonly number[] }
  /** The connection is gone, or the kernel refuses our commands (then with the errno). */
  | { readonly kind: 'ended'; readonly errno: number };
