/**
 * Work that waits for a disk, done on libuv's thread pool, with a reply of its own.
 *
 * Guarantees: a slow fsync holds up nobody but its caller. A tracked file's captured bytes are durable before the reply
 * says so; failing to sync them is no error of the caller's, whose file is safe, and is reported. Replies may go out in
 * any order, as the protocol allows.
 */
import { closeSync, writeSync } from 'node:fs';
import type { UnsyncedCapture } from '../capture/unsynced-chunks.js';
import { fdatasyncSlow, fsyncSlow, syncfsSlow } from '../libc/calls.js';
import { OutHeader, WriteOut } from './layout.js';
import type { SlowSync } from './session.js';

export class SlowCalls {
  /**
   * @param deviceFd - where replies go
   * @param onCaptureUnsynced - told the errno when captured bytes could not be made durable
   */
  constructor(
    private readonly deviceFd: number,
    private readonly onCaptureUnsynced: (errno: number) => void,
  ) {}

  sync(work: SlowSync): void {
    const syncMirror = work.dataOnly ? fdatasyncSlow : fsyncSlow;
    void this.syncCapture(work.capture).then(() => syncMirror(work.fd, (result) => this.reply(work, result)));
  }

  private async syncCapture(capture: UnsyncedCapture | undefined): Promise<void> {
    if (capture === undefined) return;
    const [first = -1] = capture.fds;
    const pending = capture.wholeFileSystem ? [slow(syncfsSlow, first)] : capture.fds.map((fd) => slow(fsyncSlow, fd));
    const failed = (await Promise.all(pending)).find((result) => result < 0);
    for (const fd of capture.fds) closeSync(fd);
    if (failed !== undefined) this.onCaptureUnsynced(-failed);
  }

  private reply(work: SlowSync, result: number): void {
    const isWrite = work.written !== undefined && result >= 0;
    const message = Buffer.alloc(OutHeader.size + (isWrite ? WriteOut.length : 0));
    const words = new Uint32Array(message.buffer, message.byteOffset, message.length / 4);
    words[OutHeader.len] = message.length;
    words[OutHeader.error / 4] = Math.min(0, result);
    words[OutHeader.unique / 4] = work.uniqueLow;
    words[OutHeader.unique / 4 + 1] = work.uniqueHigh;
    if (isWrite) words[OutHeader.size / 4] = work.written ?? 0;
    try {
      writeSync(this.deviceFd, message);
    } catch {
      // ENOENT: nobody waits for it any more. ENODEV: the mount is gone. Either way there is no one left to tell.
    }
  }
}

function slow(call: typeof fsyncSlow, fd: number): Promise<number> {
  return new Promise((resolve) => call(fd, resolve));
}
