/**
 * Requests about ranges of open files: holes, allocation, copies within the file system.
 */
import { lastErrno, lseek } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { CopyFileRangeIn, FallocateIn, LseekIn, LseekOut } from './layout.js';
import { MAX_WRITE } from './negotiation.js';
import type { OpcodeName } from './opcode.js';
import { type Handler, NO_REPLY, type Session } from './session.js';

/** SEEK_DATA and SEEK_HOLE; the kernel does the others itself. */
function seek({ request, reply, mirror }: Session): number {
  const fd = mirror.handles.fd(request.u64(LseekIn.fh));
  if (fd < 0) return fd;
  // koffi returns a bigint for what a number can't hold.
  const offset = BigInt(lseek(fd, request.bigint64(LseekIn.offset), request.u32(LseekIn.whence)));
  if (offset < 0n) return -lastErrno();
  reply.setWords(LseekOut.offset, Number(BigInt.asUintN(32, offset)), Number(offset >> 32n));
  return LseekOut.length;
}

function fallocate(session: Session): number {
  const { request, mirror, events } = session;
  const handle = request.u64(FallocateIn.fh);
  const fd = mirror.handles.fd(handle);
  if (fd < 0) return fd;
  clearSetId(session, handle);
  const mode = request.u32(FallocateIn.mode);
  const offset = request.bigint64(FallocateIn.offset);
  const length = request.bigint64(FallocateIn.size);
  events.onSlowWork({ kind: 'allocate', ...session.addressee, fd, mode, offset, length });
  return NO_REPLY;
}

/** Unlike with writes, the kernel leaves it to us to know who may keep set-id bits: root. */
function clearSetId({ mirror, metadata, caller, attributeNotice }: Session, handle: number): void {
  const node = mirror.handles.file(handle)?.node;
  if (node === undefined || caller.uid === 0) return;
  if (metadata.clearSetId(node)) attributeNotice.send(node.id);
}

/**
 * A copy into a tracked file has to come as writes, to be captured: EOPNOTSUPP makes the kernel read and write instead.
 */
function copyFileRange(session: Session): number {
  const { request, mirror, streams, events } = session;
  const target = request.u64(CopyFileRangeIn.fhOut);
  const fromFd = mirror.handles.fd(request.u64(CopyFileRangeIn.fhIn));
  const toFd = mirror.handles.fd(target);
  if (fromFd < 0 || toFd < 0) return -Errno.EBADF;
  if (streams.ofHandle(target) !== undefined) return -Errno.EOPNOTSUPP;
  clearSetId(session, target);
  events.onSlowWork({
    kind: 'copy',
    ...session.addressee,
    fromFd,
    fromOffset: request.bigint64(CopyFileRangeIn.offsetIn),
    toFd,
    toOffset: request.bigint64(CopyFileRangeIn.offsetOut),
    // The caller asks again for the rest; a bounded piece keeps the thread pool fair.
    length: Math.min(request.u64(CopyFileRangeIn.size), 64 * MAX_WRITE),
    flags: request.u32(CopyFileRangeIn.flags),
  });
  return NO_REPLY;
}

export const rangeHandlers = {
  LSEEK: seek,
  FALLOCATE: fallocate,
  COPY_FILE_RANGE: copyFileRange,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
