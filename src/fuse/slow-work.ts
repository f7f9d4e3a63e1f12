/**
 * Work that a disk may take long for, described so that another thread can do it and answer the request.
 *
 * Guarantees: plain data. Descriptors of open files stay open meanwhile, because the kernel releases no file that has a
 * request under way.
 */
import type { UnsyncedCapture } from '../capture/unsynced-chunks.js';

/** The request to answer. */
export interface Addressee {
  /** The two words of its `unique`. */
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  /** Where it lies, if it came over io_uring; -1 for `/dev/fuse`. */
  readonly slot: number;
}

export interface SyncWork extends Addressee {
  readonly kind: 'sync';
  readonly fd: number;
  readonly dataOnly: boolean;
  /** Captured bytes to sync as well. */
  readonly capture: UnsyncedCapture | undefined;
  /** For a synchronous write: the bytes to report as written. */
  readonly written: number | undefined;
}

export interface AllocateWork extends Addressee {
  readonly kind: 'allocate';
  readonly fd: number;
  /** FALLOC_FL_* of fallocate(2). */
  readonly mode: number;
  readonly offset: bigint;
  readonly length: bigint;
}

export interface CopyWork extends Addressee {
  readonly kind: 'copy';
  readonly fromFd: number;
  readonly fromOffset: bigint;
  readonly toFd: number;
  readonly toOffset: bigint;
  /** Bytes; fewer may be copied. */
  readonly length: number;
  readonly flags: number;
}

export type SlowWork = SyncWork | AllocateWork | CopyWork;
