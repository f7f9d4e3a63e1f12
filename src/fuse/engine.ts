/**
 * An engine: how requests of the mounted file system reach the mirror.
 *
 * Guarantees: whoever runs a mount needs only this interface. `kernel` speaks the kernel's protocol itself.
 */
import type { CaptureNews } from '../capture/capture-news.js';
import type { LossReport } from '../capture/losses.js';
import type { StreamSlots } from '../capture/stream-slots.js';
import type { TrackProblem, TrackRule } from '../capture/track-list.js';

/** What an engine reports while it runs. */
export interface EngineEvents {
  onLosses(reports: readonly LossReport[], totalBytes: number): void;
  /** Lines about chunks that could not be written to `meta/`. */
  onUnrecorded(reports: readonly LossReport[]): void;
  /** Which streams there are, and what they lost; within a second or so. */
  onCaptureNews(news: CaptureNews): void;
  onPatternProblem(problem: TrackProblem): void;
  /** So many files that were open before a restart answer EBADF: they could not be opened again. */
  onFilesLost(files: number): void;
  /** A defect of ours; the request was answered with an error and serving goes on. */
  onDefect(what: string, stack: string): void;
}

/** What happened to earlier servers of the mount. */
export interface EngineCounters {
  /** Servers that died or were replaced. */
  readonly restarts: number;
  /** Requests that the kernel sent again to the next one. */
  readonly resentRequests: number;
}

export interface Engine {
  readonly name: 'kernel' | 'fuse-native';
  /**
   * Resolves once requests are answered, with a line for the log on how.
   * Rejects with a LogaggError when this host can't do it.
   */
  readonly serving: Promise<string>;
  /** Resolves when the mount has ended and every chunk is sealed; rejects when the engine broke. */
  readonly ended: Promise<void>;
  /** What the live streams have captured; undefined until it serves. */
  readonly streamSlots: StreamSlots | undefined;
  /** Resolves when the thread that serves requests has been seen alive; costs it microseconds. May never resolve. */
  isThere(): Promise<void>;
  /** Puts new patterns into force, for open files as well. */
  useRules(rules: readonly TrackRule[]): void;
  /**
   * Takes the mount away from new users, and nobody else's that lies at the same place by now.
   * @returns `busy` when it still has users, who keep what they have open until {@link stop}
   */
  unmount(): Promise<'unmounted' | 'busy'>;
  /** Gives up: nobody is left waiting at a mount that nobody serves. Resolves when it is detached. */
  abandon(): Promise<void>;
  /** Ends serving between two requests, for another server to go on; undefined where none can. */
  handOver?(): void;
  /** Ends serving although somebody may still use the mount. */
  stop(): void;
}
