/**
 * Captures a write on whatever thread has it, as long as nothing has to be decided: the stream has a live chunk with room, and
 * the chunk's last writer is the one who writes.
 *
 * Guarantees: what it captures goes to the chunk once, behind all that is there, and the chunk has a name afterwards. What it
 * does not capture it leaves to the owner of the streams, untouched. The writes of one inode come one after the other, because
 * the kernel holds its lock meanwhile; two inodes of one stream are kept apart by the slot's lock. Room for
 * bytes that it leaves to the owner goes along with them.
 */
import type { MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import type { ByteCredit } from './byte-credit.js';
import { write } from './capture-calls.js';
import { isLinked } from './chunk.js';
import { type LastWriters, secondOf } from './last-writers.js';
import type { CaptureProgress } from './stream.js';
import type { StreamSlots } from './stream-slots.js';

export class HotCapture {
  /** After {@link append}: the slot whose lock is still held, because a part of the bytes is captured; or -1. */
  lockedSlot = -1;

  /**
   * @param chunkSize - bytes beyond which the owner looks for the end of the chunk
   * @param lastWriters - undefined where nobody wants to know who writes
   * @param payloads - the memory that writes come from, to count their lines in; undefined for not counting them
   * @param progress - told of each piece, for the server that goes on if this one dies
   */
  constructor(
    private readonly slots: StreamSlots,
    private readonly chunkSize: number,
    private readonly lastWriters: LastWriters | undefined,
    private readonly credit: ByteCredit,
    private readonly payloads?: MemoryRegion,
    private readonly progress?: CaptureProgress,
  ) {}

  /** Bytes of {@link reserve} that nobody has used yet. */
  private reserved = 0;

  /**
   * Takes room for a write before the mirror has it; {@link append} or {@link cancel} follows.
   * @returns false when there is no room without asking the owner, who then gets the whole write
   */
  reserve(handle: number, length: number): boolean {
    this.reserved = 0;
    if (this.slots.ofHandle(handle) < 0) return true;
    if (!this.credit.tryTake(length)) return false;
    this.reserved = length;
    return true;
  }

  /** The mirror took nothing. */
  cancel(): void {
    this.credit.give(this.reserved);
  }

  /** Gives back what the mirror did not take. The patterns may have changed since: then the bytes get room that was not there. */
  private settle(length: number): void {
    if (this.reserved > length) this.credit.give(this.reserved - length);
    else if (this.reserved < length) this.credit.overdraw(length - this.reserved);
  }

  /**
   * Captures bytes written through `handle`, if it is tracked; pid, uid and gid are the writer's.
   * @returns how many bytes need no more capturing; if not all, {@link lockedSlot} says whether a lock goes with the rest
   */
  append(handle: number, address: number, length: number, pid: number, uid: number, gid: number): number {
    const { slots } = this;
    const slot = slots.ofHandle(handle);
    this.settle(slot < 0 ? 0 : length);
    if (slot < 0) return length;
    slots.lock(slot);
    // The patterns may have changed meanwhile.
    const captured = slots.ofHandle(handle) === slot ? this.appendTo(slot, address, length, pid, uid, gid) : 0;
    this.lockedSlot = captured > 0 && captured < length ? slot : -1;
    if (this.lockedSlot < 0) slots.unlock(slot);
    return captured;
  }

  private appendTo(slot: number, address: number, length: number, pid: number, uid: number, gid: number): number {
    const { slots, lastWriters, payloads } = this;
    const fd = slots.chunkFd(slot);
    if (fd < 0 || slots.size(slot) + length > this.chunkSize) return 0;
    const time = lastWriters === undefined ? 0 : Date.now();
    if (lastWriters !== undefined && !lastWriters.mayPass(slot, pid, uid, gid, secondOf(time))) return 0;
    this.progress?.beginPiece(slot, slots.size(slot));
    const written = write(fd, address, length);
    crashAt?.('chunk-written');
    // Asked after the write, not before: what went to a file that nobody can find any more is the owner's to write again.
    const captured = written > 0 && isLinked(fd) ? written : 0;
    this.progress?.endPiece(captured);
    crashAt?.('capture-noted');
    if (captured === 0) return 0;
    lastWriters?.pass(slot, slots.size(slot), time);
    slots.grow(slot, written);
    if (payloads !== undefined) slots.countLines(slot, payloads, address - payloads.address, written);
    return written;
  }
}
