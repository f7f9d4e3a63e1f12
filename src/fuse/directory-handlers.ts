/**
 * Requests about open directories.
 *
 * READDIRPLUS gives entries together with their nodes. `.` and `..` come without one: the kernel counts no lookup for them.
 */
import { Errno } from '../libc/errno.js';
import type { DirectoryEntry } from '../mirror/directory-reader.js';
import type { Node } from '../mirror/node.js';
import { Dirent, EntryOut, FSYNC_DATA_ONLY, FsyncIn, OpenOut, OutHeader, ReadIn, ReleaseIn } from './layout.js';
import type { OpcodeName } from './opcode.js';
import { type Handler, NO_REPLY, type Session } from './session.js';

function opendir(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const handle = session.directories.opendir(node);
  if (handle < 0) return handle;
  session.reply.putOpen(0, handle, 0, 0);
  return OpenOut.length;
}

function readdir(session: Session): number {
  return fill(session, (position, room, entry) => {
    const length = direntLength(entry);
    if (length > room) return 0;
    putDirent(session, position, entry);
    return length;
  });
}

function readdirplus(session: Session): number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  return fill(session, (position, room, entry) => {
    const length = EntryOut.length + direntLength(entry);
    if (length > room) return 0;
    putEntryOf(session, parent, position, entry);
    putDirent(session, position + EntryOut.length, entry);
    return length;
  });
}

/** Puts entries until the reply is full. @param put - puts one and returns its length, or 0 when it does not fit */
function fill(session: Session, put: (position: number, room: number, entry: DirectoryEntry) => number): number {
  const { request, directories } = session;
  const size = Math.min(request.u32(ReadIn.size), session.reply.region.size - OutHeader.size);
  let filled = 0;
  const failed = directories.read(request.u64(ReadIn.fh), request.bigint64(ReadIn.offset), (entry) => {
    const length = put(filled, size - filled, entry);
    filled += length;
    return length > 0;
  });
  return failed < 0 ? failed : filled;
}

function direntLength(entry: DirectoryEntry): number {
  return (Dirent.name + entry.name.length + 7) & ~7;
}

function putDirent({ reply }: Session, position: number, entry: DirectoryEntry): void {
  reply.setWords(position + Dirent.ino, entry.inoLow, entry.inoHigh);
  reply.setWords(position + Dirent.off, entry.nextLow, entry.nextHigh);
  reply.setU32(position + Dirent.namelen, entry.name.length);
  reply.setU32(position + Dirent.type, entry.type);
  reply.setWords(position + direntLength(entry) - 8, 0, 0);
  entry.name.copyTo(reply.region.bytes, OutHeader.size + position + Dirent.name);
}

/** An entry that vanished meanwhile, like `.` and `..`, has node id 0: the kernel takes the name alone. */
function putEntryOf(session: Session, parent: Node, position: number, entry: DirectoryEntry): void {
  const { reply, entries, mirror } = session;
  const node = entry.isDotOrDotDot ? -Errno.ENOENT : entries.lookup(parent, entry.name);
  if (typeof node === 'number') reply.clear(position, EntryOut.length);
  else reply.putEntry(position, node.id, mirror.status);
}

function fsyncdir({ request, mirror, events, addressee }: Session): number {
  const fd = mirror.handles.fd(request.u64(FsyncIn.fh));
  if (fd < 0) return fd;
  const dataOnly = (request.u32(FsyncIn.flags) & FSYNC_DATA_ONLY) !== 0;
  events.onSlowWork({ kind: 'sync', ...addressee, fd, dataOnly, capture: undefined, written: undefined });
  return NO_REPLY;
}

function releasedir({ request, directories }: Session): number {
  return directories.releasedir(request.u64(ReleaseIn.fh));
}

export const directoryHandlers = {
  OPENDIR: opendir,
  READDIR: readdir,
  READDIRPLUS: readdirplus,
  FSYNCDIR: fsyncdir,
  RELEASEDIR: releasedir,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
