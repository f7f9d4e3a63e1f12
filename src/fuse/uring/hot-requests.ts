/**
 * The requests that any thread can serve, because they need an open file only: READ, WRITE, and GETATTR of an open file. The
 * hot path over io_uring: one system call on the mirror, and where the file is tracked a write to the chunk and a look whether
 * that is still there.
 *
 * Guarantees: what it does not serve it leaves as it came, or, for a write that the mirror has taken already, with a note of
 * what is left to capture. Notes how far it is, for the next server.
 */
import { ByteCredit } from '../../capture/byte-credit.js';
import { HotCapture } from '../../capture/hot-capture.js';
import { LastWriters } from '../../capture/last-writers.js';
import type { StreamSlots } from '../../capture/stream-slots.js';
import { lastErrno, pread, pwrite } from '../../libc/calls.js';
import { Errno } from '../../libc/errno.js';
import { FileStatus } from '../../libc/file-status.js';
import { O_APPEND, SYNCHRONOUS_FLAGS } from '../../libc/flags.js';
import { MemoryRegion } from '../../libc/memory.js';
import { HandleFlag, OpenDescriptors } from '../../mirror/open-descriptors.js';
import { OperationTimes } from '../../observability/operation-times.js';
import { crashAt } from '../../recovery/crash-point.js';
import { GETATTR_HANDLE, GetattrIn, ReadIn, WriteFlag, WriteIn, WriteOut } from '../layout.js';
import { MAX_WRITE } from '../negotiation.js';
import { Opcode } from '../opcode.js';
import { Reply } from '../reply.js';
import type { SharedMemory } from './queue-messages.js';
import { RequestSlots, Task } from './request-slots.js';
import { SlotNotes } from './slot-notes.js';

/** The request is the owner's to serve. Below every errno. */
export const HAND_OVER = -0x10001;

export class HotRequests {
  private readonly status = new FileStatus();
  private readonly reply: Reply;

  constructor(
    private readonly slots: RequestSlots,
    private readonly descriptors: OpenDescriptors,
    private readonly capture: HotCapture,
    private readonly notes: SlotNotes = new SlotNotes(slots),
    private readonly times: OperationTimes = new OperationTimes(),
  ) {
    this.reply = new Reply(slots.payloads);
  }

  /**
   * For one thread, from the memory that all share.
   * @param streams - that thread's view of the streams in it
   * @param times - where that thread counts operations
   */
  static at(memory: SharedMemory, streams: StreamSlots, chunkSize: number, times: OperationTimes): HotRequests {
    const lastWriters = memory.lastWriters && new LastWriters(MemoryRegion.at(memory.lastWriters));
    const credit = new ByteCredit(MemoryRegion.at(memory.credit));
    const slots = RequestSlots.at(memory.slots);
    const notes = new SlotNotes(slots);
    const capture = new HotCapture(streams, chunkSize, lastWriters, credit, slots.payloads, notes);
    const descriptors = new OpenDescriptors(MemoryRegion.at(memory.descriptors));
    return new HotRequests(slots, descriptors, capture, notes, times);
  }

  /**
   * Serves the request in a slot.
   * @returns bytes of payload, a negated errno, or {@link HAND_OVER}
   */
  serve(slot: number): number {
    const { slots, times } = this;
    const opcode = slots.opcode(slot);
    this.notes.received(slot);
    crashAt?.('received');
    if (opcode !== Opcode.WRITE && opcode !== Opcode.READ && opcode !== Opcode.GETATTR) return this.leave(slot);
    const begun = times.begin(opcode);
    const result = this.attempt(opcode, slot);
    if (result !== HAND_OVER && begun >= 0) times.end(opcode, begun);
    // The owner counts what it serves; what it has only to capture was served here.
    if (result === HAND_OVER && slots.task(slot) !== Task.capture) times.leave(opcode);
    return result;
  }

  private attempt(opcode: number, slot: number): number {
    switch (opcode) {
      case Opcode.WRITE:
        return this.write(slot);
      case Opcode.READ:
        return this.read(slot);
      case Opcode.GETATTR:
        return this.getattr(slot);
      default:
        return this.leave(slot);
    }
  }

  private leave(slot: number): number {
    this.slots.leaveToServe(slot);
    return HAND_OVER;
  }

  private read(slot: number): number {
    const { slots } = this;
    const fd = this.descriptors.fd(slots.u64(slot, ReadIn.fh));
    const size = slots.u32(slot, ReadIn.size);
    if (fd < 0 || size > MAX_WRITE) return this.leave(slot);
    const got = pread(fd, slots.payloads.address + slots.payload(slot), size, slots.u64(slot, ReadIn.offset));
    return got < 0 ? -lastErrno() : got;
  }

  private getattr(slot: number): number {
    const { slots, reply, status } = this;
    const isOpen = (slots.u32(slot, GetattrIn.flags) & GETATTR_HANDLE) !== 0;
    const fd = isOpen ? this.descriptors.fd(slots.u64(slot, GetattrIn.fh)) : -Errno.EBADF;
    if (fd < 0) return this.leave(slot);
    const failed = status.readFd(fd);
    if (failed < 0) return failed;
    reply.payload = slots.payload(slot);
    return reply.putAttr(status);
  }

  private write(slot: number): number {
    const { slots, capture, notes } = this;
    const handle = slots.u64(slot, WriteIn.fh);
    const size = slots.u32(slot, WriteIn.size);
    const fd = this.descriptors.fd(handle);
    if (fd < 0 || slots.payloadSize(slot) < size || !this.isPlainWrite(slot, handle)) return this.leave(slot);
    // Without room the owner decides what gives way, before the mirror has anything.
    if (!capture.reserve(handle, size)) return this.leave(slot);
    const address = slots.payloads.address + slots.payload(slot);
    notes.beginWrite(slot);
    const written = pwrite(fd, address, size, slots.u64(slot, WriteIn.offset));
    if (written < 0) {
      const errno = lastErrno();
      capture.cancel();
      return -errno;
    }
    crashAt?.('mirrored');
    notes.setWritten(written);
    crashAt?.('mirror-noted');
    const captured = capture.append(handle, address, written, slots.pid(slot), slots.uid(slot), slots.gid(slot));
    if (captured === written) return this.putWritten(slot, written);
    slots.leaveToCapture(slot, written, captured, capture.lockedSlot);
    return HAND_OVER;
  }

  /** Neither a page of a mapping, nor one that clears set-id bits, that must be on disk, or whose descriptor appends by mistake. */
  private isPlainWrite(slot: number, handle: number): boolean {
    const { slots } = this;
    const writeFlags = slots.u32(slot, WriteIn.writeFlags);
    const handleFlags = this.descriptors.flags(handle);
    if ((writeFlags & WriteFlag.cache) !== 0) return false;
    // The kernel says so of each write without CAP_FSETID, whatever the file's mode is.
    if ((writeFlags & WriteFlag.killSuidgid) !== 0 && (handleFlags & HandleFlag.setId) !== 0) return false;
    const flags = slots.u32(slot, WriteIn.flags);
    if ((flags & SYNCHRONOUS_FLAGS) !== 0) return false;
    return (flags & O_APPEND) !== 0 || (handleFlags & HandleFlag.append) === 0;
  }

  private putWritten(slot: number, written: number): number {
    const { reply } = this;
    reply.payload = this.slots.payload(slot);
    reply.setU64(WriteOut.size, written);
    return WriteOut.length;
  }
}
