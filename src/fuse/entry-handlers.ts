/**
 * Requests about names: LOOKUP and everything that makes, moves or removes an entry.
 */
import { Errno } from '../libc/errno.js';
import { LinkIn, MkdirIn, MknodIn, OutHeader, Rename2In, RenameIn } from './layout.js';
import type { OpcodeName } from './opcode.js';
import { decodeDevice } from './reply.js';
import type { Handler, Session } from './session.js';

/** Longest target of a symbolic link (PATH_MAX, without the NUL). */
const TARGET_MAX = 4095;

function lookup(session: Session): number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(0);
  return bad < 0 ? bad : session.putEntry(session.entries.lookup(parent, session.name));
}

function mknod(session: Session): number {
  const { request, entries } = session;
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(MknodIn.name);
  if (bad < 0) return bad;
  const device = decodeDevice(request.u32(MknodIn.rdev));
  const mode = request.u32(MknodIn.mode);
  return session.putEntry(entries.mknod(parent, session.name, mode, device, request.u32(MknodIn.umask)));
}

function mkdir(session: Session): number {
  const { request, entries } = session;
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(MkdirIn.name);
  if (bad < 0) return bad;
  return session.putEntry(entries.mkdir(parent, session.name, request.u32(MkdirIn.mode), request.u32(MkdirIn.umask)));
}

/** Arguments: the new name, and behind its NUL the target. */
function symlink(session: Session): number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(0);
  if (bad < 0) return bad;
  const unterminated = session.newName.locate(session.request.region, session.name.end, session.request.length);
  if (unterminated < 0) return unterminated;
  return session.putEntry(session.entries.symlink(parent, session.name, session.newName.address));
}

function link(session: Session): number {
  const parent = session.node();
  const node = session.mirror.nodes.get(session.request.u64(LinkIn.oldNodeid));
  if (parent === undefined || node === undefined) return -Errno.ESTALE;
  const bad = session.takeName(LinkIn.name);
  return bad < 0 ? bad : session.putEntry(session.entries.link(node, parent, session.name));
}

function readlink(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  return session.entries.readlink(node, session.reply.region, OutHeader.size, TARGET_MAX);
}

function unlink(session: Session): number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(0);
  return bad < 0 ? bad : session.entries.unlink(parent, session.name);
}

function rmdir(session: Session): number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(0);
  return bad < 0 ? bad : session.entries.rmdir(parent, session.name);
}

function rename(session: Session): number {
  return renameTo(session, RenameIn.newDirectory, RenameIn.names, 0);
}

function rename2(session: Session): number {
  return renameTo(session, Rename2In.newDirectory, Rename2In.names, session.request.u32(Rename2In.flags));
}

function renameTo(session: Session, newDirectory: number, names: number, flags: number): number {
  const from = session.node();
  const to = session.mirror.nodes.get(session.request.u64(newDirectory));
  if (from === undefined || to === undefined) return -Errno.ESTALE;
  const bad = session.takeTwoNames(names);
  return bad < 0 ? bad : session.entries.rename(from, session.name, to, session.newName, flags);
}

export const entryHandlers = {
  LOOKUP: lookup,
  MKNOD: mknod,
  MKDIR: mkdir,
  SYMLINK: symlink,
  LINK: link,
  READLINK: readlink,
  UNLINK: unlink,
  RMDIR: rmdir,
  RENAME: rename,
  RENAME2: rename2,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
