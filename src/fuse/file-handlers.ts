/**
 * Requests about open files. READ and WRITE are the hot path: resolve the handle, one system call on the mirror, one on the
 * chunk where the file is tracked, reply.
 */
import type { Stream } from '../capture/stream.js';
import { Errno } from '../libc/errno.js';
import { O_ACCMODE, O_APPEND, O_RDONLY, SYNCHRONOUS_FLAGS } from '../libc/flags.js';
import type { Node } from '../mirror/node.js';
import {
  CreateIn,
  EntryOut,
  FSYNC_DATA_ONLY,
  FsyncIn,
  OPEN_KILL_SUIDGID,
  OpenIn,
  OutHeader,
  ReadIn,
  ReleaseIn,
  WriteFlag,
  WriteIn,
  WriteOut,
} from './layout.js';
import { MAX_WRITE } from './negotiation.js';
import type { OpcodeName } from './opcode.js';
import { type Handler, NO_REPLY, type Session } from './session.js';

function open(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const flags = session.request.u32(OpenIn.flags);
  const clearSetId = (session.request.u32(OpenIn.openFlags) & OPEN_KILL_SUIDGID) !== 0;
  const notify = clearSetId && node.mayHaveSetId;
  session.dropHalfOpened();
  const handle = session.files.open(node, flags, clearSetId);
  if (notify) session.attributeNotice.send(node.id);
  return handle < 0 ? handle : putOpen(session, 0, node, handle, flags);
}

function create(session: Session): number {
  const { request, files, mirror, reply } = session;
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(CreateIn.name);
  if (bad < 0) return bad;
  const flags = request.u32(CreateIn.flags);
  session.dropHalfOpened();
  const node = files.create(parent, session.name, flags, request.u32(CreateIn.mode), request.u32(CreateIn.umask));
  if (typeof node === 'number') return node;
  reply.putEntry(0, node.id, mirror.status);
  return EntryOut.length + putOpen(session, EntryOut.length, node, files.createdHandle, flags);
}

function putOpen(session: Session, offset: number, node: Node, handle: number, flags: number): number {
  const canWrite = (flags & O_ACCMODE) !== O_RDONLY;
  const mode = session.passthrough?.open(node, handle, canWrite && !mayWriteNatively(session, node, handle));
  return session.reply.putOpen(offset, handle, mode?.flags ?? 0, mode?.backingId ?? 0);
}

/** Whose set-id bits a write may or may not take away is decided here, by the caller's privileges. */
function mayWriteNatively({ wanted, streams }: Session, node: Node, handle: number): boolean {
  return wanted.nativeUntracked && !node.mayHaveSetId && !streams.tracks(handle);
}

function read({ request, reply, files }: Session): number {
  const size = request.u32(ReadIn.size);
  if (size > MAX_WRITE) return -Errno.EINVAL;
  return files.read(request.u64(ReadIn.fh), reply.region, OutHeader.size, size, request.u64(ReadIn.offset));
}

function write(session: Session): number {
  const { request, reply } = session;
  const size = request.u32(WriteIn.size);
  if (!request.hasArguments(WriteIn.data + size)) return -Errno.EINVAL;
  // A synchronous write that an earlier server has done, all but the sync.
  const before = session.mirror.intents.writtenBefore(request.uniqueLow, request.uniqueHigh);
  const written = before < 0 ? writeData(session, size) : before;
  if (written < 0) return written;
  if ((request.u32(WriteIn.flags) & SYNCHRONOUS_FLAGS) !== 0) {
    return syncLater(session, request.u64(WriteIn.fh), true, written);
  }
  reply.setU32(WriteOut.size, written);
  reply.setU32(WriteOut.size + 4, 0);
  return WriteOut.length;
}

function writeData(session: Session, size: number): number {
  const { request, files, mirror } = session;
  const handle = request.u64(WriteIn.fh);
  const offset = request.u64(WriteIn.offset);
  const data = request.position(WriteIn.data);
  const writeFlags = request.u32(WriteIn.writeFlags);
  const offAppend = (request.u32(WriteIn.flags) & O_APPEND) === 0 && files.appends(handle);
  if ((writeFlags & (WriteFlag.cache | WriteFlag.killSuidgid)) === 0) {
    if (offAppend) return files.writeAtOffset(handle, request.region, data, size, offset);
    return files.write(handle, request.region, data, size, offset);
  }
  if ((writeFlags & WriteFlag.cache) !== 0) return files.writePage(handle, request.region, data, size, offset);
  const node = mirror.handles.file(handle)?.node;
  if (node === undefined) return -Errno.EBADF;
  if (!node.mayHaveSetId) {
    mirror.handles.dropSetId(handle);
    return files.write(handle, request.region, data, size, offset);
  }
  const written = files.writeClearingSetId(handle, node, request.region, data, size, offset);
  // After a write the kernel expects another size and time, and goes on showing the mode that it knows.
  session.attributeNotice.send(node.id);
  return written;
}

function fsync(session: Session): number {
  const dataOnly = (session.request.u32(FsyncIn.flags) & FSYNC_DATA_ONLY) !== 0;
  return syncLater(session, session.request.u64(FsyncIn.fh), dataOnly, undefined);
}

/** A disk takes milliseconds: the reply is sent by whoever waits for it, and the loop goes on. */
function syncLater(session: Session, handle: number, dataOnly: boolean, written: number | undefined): number {
  const { mirror } = session;
  const fd = mirror.handles.fd(handle);
  if (fd < 0) return fd;
  const capture = streamOf(session, handle)?.takeUnsynced();
  session.events.onSlowWork({ kind: 'sync', ...session.addressee, fd, dataOnly, capture, written });
  return NO_REPLY;
}

/** What is captured of the file, whoever writes it: also a descriptor that can only read syncs all of it. */
function streamOf({ mirror, streams }: Session, handle: number): Stream | undefined {
  const file = mirror.handles.file(handle);
  if (file === undefined || file.writable) return streams.ofHandle(handle);
  for (const [other, { node }] of mirror.handles.writable()) {
    const stream = node === file.node ? streams.ofHandle(other) : undefined;
    if (stream !== undefined) return stream;
  }
  return undefined;
}

function release({ request, files, passthrough, mirror }: Session): number {
  // An earlier server has done it: by now the handle may be another's.
  if (mirror.intents.isDone) return 0;
  const handle = request.u64(ReleaseIn.fh);
  mirror.intents.handle = handle;
  passthrough?.release(handle);
  return files.release(handle);
}

export const fileHandlers = {
  OPEN: open,
  CREATE: create,
  READ: read,
  WRITE: write,
  // Nothing is kept back that a close would have to write. ENOSYS spares each close a question: the kernel asks only once.
  FLUSH: () => -Errno.ENOSYS,
  FSYNC: fsync,
  RELEASE: release,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
