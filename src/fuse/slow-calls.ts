/**
 * Work that waits for a disk, done on libuv's thread pool, with a reply of its own.
 *
 * Guarantees: a slow fsync holds up nobody but its caller. A tracked file's captured bytes are durable before the reply
 * says so; failing to sync them is no error of the caller's, whose file is safe, and is reported. Replies may go out in
 * any order, as the protocol allows.
 */
import { writeSync } from 'node:fs';
import { copyFileRangeSlow, fallocateSlow, fdatasyncSlow, fsyncSlow } from '../libc/calls.js';
import { OperationTimes } from '../observability/operation-times.js';
import { ChunkSyncs, onPool } from './chunk-syncs.js';
import { OutHeader, WriteOut } from './layout.js';
import { Opcode } from './opcode.js';
import type { CopyWork, SlowWork, SyncWork } from './slow-work.js';
import type { SlotReplies } from './uring/slot-replies.js';

export class SlowCalls {
  /** Memory that calls under way write to: koffi takes its address, but does not keep it from the garbage collector. */
  private readonly inUse = new Set<readonly BigInt64Array[]>();
  private readonly chunkSyncs: ChunkSyncs;

  /**
   * @param deviceFd - where replies go
   * @param slotReplies - where replies go to requests over io_uring
   * @param onCaptureUnsynced - told the errno, and whose, when captured bytes could not be made durable
   */
  constructor(
    private readonly deviceFd: number,
    private readonly slotReplies: SlotReplies | undefined,
    onCaptureUnsynced: (errno: number, path: string) => void,
    private readonly times: OperationTimes = new OperationTimes(),
  ) {
    this.chunkSyncs = new ChunkSyncs(onCaptureUnsynced);
  }

  /** Does the work and answers its request; returns at once. */
  run(work: SlowWork): void {
    const begun = performance.now();
    switch (work.kind) {
      case 'sync':
        void this.sync(work, begun);
        break;
      case 'allocate':
        fallocateSlow(work.fd, work.mode, work.offset, work.length, (result) => {
          this.times.end(Opcode.FALLOCATE, begun);
          this.reply(work, result);
        });
        break;
      case 'copy':
        this.copy(work, begun);
        break;
    }
  }

  private async sync(work: SyncWork, begun: number): Promise<void> {
    if (work.capture !== undefined) await this.chunkSyncs.sync(work.capture);
    const result = await onPool(work.dataOnly ? fdatasyncSlow : fsyncSlow, work.fd);
    this.times.end(work.written === undefined ? Opcode.FSYNC : Opcode.WRITE, begun);
    this.reply(work, result, work.written);
  }

  private copy(work: CopyWork, begun: number): void {
    const from = new BigInt64Array([work.fromOffset]);
    const to = new BigInt64Array([work.toOffset]);
    const offsets = [from, to];
    this.inUse.add(offsets);
    copyFileRangeSlow(work.fromFd, from, work.toFd, to, work.length, work.flags, (copied) => {
      this.inUse.delete(offsets);
      this.times.end(Opcode.COPY_FILE_RANGE, begun);
      this.reply(work, copied, copied);
    });
  }

  /** @param count - for requests that are answered with a number of bytes */
  private reply(work: SlowWork, result: number, count?: number): void {
    if (work.slot < 0) this.replyToDevice(work, result, count);
    else if (count !== undefined && result >= 0) this.slotReplies?.sendCount(work.slot, count);
    else this.slotReplies?.send(work.slot, Math.min(0, result));
  }

  private replyToDevice(work: SlowWork, result: number, count?: number): void {
    const payload = count !== undefined && result >= 0 ? WriteOut.length : 0;
    const message = Buffer.alloc(OutHeader.size + payload);
    const words = new Uint32Array(message.buffer, message.byteOffset, message.length / 4);
    words[OutHeader.len] = message.length;
    words[OutHeader.error / 4] = Math.min(0, result);
    words[OutHeader.unique / 4] = work.uniqueLow;
    words[OutHeader.unique / 4 + 1] = work.uniqueHigh;
    if (payload > 0) words[OutHeader.size / 4] = count ?? 0;
    try {
      writeSync(this.deviceFd, message);
    } catch {
      // ENOENT: nobody waits for it any more. ENODEV: the mount is gone. Either way there is no one left to tell.
    }
  }
}
