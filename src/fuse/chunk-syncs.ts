/**
 * Making captured bytes durable, on libuv's thread pool.
 *
 * Guarantees: a later sync of a stream relies on what an earlier one covers, so it is not done before that one is. A failure
 * is reported, and reaches nobody who waits: his file is safe.
 */
import { closeSync } from 'node:fs';
import { fsyncSlow, syncfsSlow } from '../capture/capture-calls.js';
import type { UnsyncedCapture } from '../capture/unsynced-chunks.js';
import { Errno } from '../libc/errno.js';

export class ChunkSyncs {
  /** The last sync of each stream that is under way. */
  private readonly underWay = new Map<string, Promise<void>>();

  /** @param onFailure - told the errno, and the path of the tracked file */
  constructor(private readonly onFailure: (errno: number, path: string) => void) {}

  /** Resolves when what it names is on disk, or could not be brought there. Closes its descriptors. */
  sync(capture: UnsyncedCapture): Promise<void> {
    const { path } = capture;
    const sync = (this.underWay.get(path) ?? Promise.resolve()).then(() => this.syncChunks(capture));
    this.underWay.set(path, sync);
    void sync.then(() => {
      if (this.underWay.get(path) === sync) this.underWay.delete(path);
    });
    return sync;
  }

  private async syncChunks({ path, fds, wholeFileSystem, isPartial }: UnsyncedCapture): Promise<void> {
    const synced = wholeFileSystem
      ? fds.slice(0, 1).map((fd) => onPool(syncfsSlow, fd))
      : fds.map((fd) => onPool(fsyncSlow, fd));
    const failed = (await Promise.all(synced)).find((result) => result < 0);
    for (const fd of fds) closeSync(fd);
    if (failed !== undefined) this.onFailure(-failed, path);
    else if (isPartial) this.onFailure(Errno.EMFILE, path);
  }
}

/** Runs a call that takes a descriptor; resolves with its result, or the negated errno. */
export function onPool(call: typeof fsyncSlow, fd: number): Promise<number> {
  return new Promise((resolve) => call(fd, resolve));
}
