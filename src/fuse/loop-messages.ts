/**
 * What the request loop's thread and the main thread say to each other.
 *
 * Guarantees: plain data. The main thread writes to the wake-up descriptor after each message, because the loop sleeps in
 * poll(2), where messages do not reach it.
 */
import type { CaptureNews } from '../capture/capture-news.js';
import type { LossReport } from '../capture/losses.js';
import type { PackedChunks } from '../capture/packed-chunks.js';
import type { TrackProblem, TrackRule } from '../capture/track-list.js';
import type { CacheLimits } from '../config/cache-limits.js';
import type { MemoryPlace } from '../libc/memory.js';
import type { Negotiated } from './negotiation.js';
import type { SlowWork } from './slow-work.js';
import type { SharedMemory } from './uring/queue-messages.js';

/** Everything that the loop needs to begin. */
export interface LoopSettings {
  /** `/dev/fuse`, non-blocking; mounted when {@link MessageToLoop} says so. */
  readonly deviceFd: number;
  readonly wakeFd: number;
  /** The mirror's root directory, open for reading. */
  readonly mirrorFd: number;
  readonly mountpoint: string;
  readonly logs: string;
  /** Folder for the provenance of chunks; undefined for none. */
  readonly meta: string | undefined;
  /** File that keeps the newest chunk's time. */
  readonly clockFile: string;
  /** Newest time among the chunks that are there, in units of 100 ns. */
  readonly newestChunk: bigint;
  /** The chunks that are there. */
  readonly leftovers: PackedChunks;
  readonly limits: CacheLimits;
  /** Whether `logs` and the mirror are on one file system. */
  readonly sharesMirrorSpace: boolean;
  /** Folder that the journals of gaps are written to. */
  readonly gaps: string;
  readonly rules: readonly TrackRule[];
  readonly skipWriters: readonly string[];
  readonly gid: number | undefined;
  readonly chunkSize: number;
  readonly sealMilliseconds: number;
  readonly busyPollMicroseconds: number;
  readonly passthrough: boolean;
  /** Writes to files that are not tracked go straight to the mirror's file, too. */
  readonly nativeUntracked: boolean;
  /** How many descriptors the node table may hold. */
  readonly maxDescriptors: number;
  /** Where operations are counted, see `src/observability/operation-times.ts`. */
  readonly times: SharedArrayBuffer;
  /** What the queue threads of FUSE over io_uring share with the loop; undefined where there are none. */
  readonly shared: SharedMemory | undefined;
  /** What the next server goes on with; undefined for a server that none will follow. */
  readonly state: MemoryPlace | undefined;
  /** This server goes on with the last one's state: the device is mounted, and speaks as was agreed on. */
  readonly resume: boolean;
  /** Longest time in milliseconds without a sign of life while there is nothing to do; 0 for any. */
  readonly idleMilliseconds: number;
}

export type MessageToLoop =
  /** The device is mounted: requests will come. `uring`: the kernel is to be asked for FUSE over io_uring. */
  | { readonly kind: 'mounted'; readonly uring: boolean }
  | { readonly kind: 'rules'; readonly rules: readonly TrackRule[] }
  /** Captured bytes of the path could not be made durable. */
  | { readonly kind: 'syncFailed'; readonly path: string }
  /** A command line that was asked for, as in `/proc/PID/cmdline`. */
  | { readonly kind: 'command'; readonly pid: number; readonly bytes: Uint8Array }
  /** Wants a sign of life. */
  | { readonly kind: 'areYouThere' }
  /** End although the mount may still have users. */
  | { readonly kind: 'stop' }
  /** End between two requests, and leave everything to the next server. */
  | { readonly kind: 'handOver' };

export type MessageFromLoop =
  /** Everything is in place: the device can be mounted. `streams`: where the streams' slots are. */
  | { readonly kind: 'ready'; readonly streams: MemoryPlace }
  | { readonly kind: 'iAmHere' }
  | { readonly kind: 'capture'; readonly news: CaptureNews }
  | { readonly kind: 'serving'; readonly negotiated: Negotiated }
  /**
   * The last server's state is taken over, all but this many open files that are gone. `files`: node ids of some files that
   * the kernel knows.
   */
  | {
      readonly kind: 'resumed';
      readonly lost: number;
      readonly streams: MemoryPlace;
      readonly files: readonly number[];
    }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'slow'; readonly work: SlowWork }
  | { readonly kind: 'losses'; readonly reports: readonly LossReport[]; readonly totalBytes: number }
  /** What could not be written to `meta/`. */
  | { readonly kind: 'unrecorded'; readonly reports: readonly LossReport[] }
  /** Wants to know the command line of a process. */
  | { readonly kind: 'commandOf'; readonly pid: number }
  | { readonly kind: 'pattern'; readonly problem: TrackProblem }
  | { readonly kind: 'defect'; readonly opcode: number; readonly stack: string };
