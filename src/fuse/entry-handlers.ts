/**
 * Requests about names: LOOKUP and everything that makes, moves or removes an entry.
 */
import { Errno } from '../libc/errno.js';
import type { Node } from '../mirror/node.js';
import { LinkIn, MkdirIn, MknodIn, OutHeader, Rename2In, RenameIn } from './layout.js';
import type { OpcodeName } from './opcode.js';
import { decodeDevice } from './reply.js';
import type { Handler, Session } from './session.js';

/** Longest target of a symbolic link (PATH_MAX, without the NUL). */
const TARGET_MAX = 4095;

/** On the hot path, so without the helper below. */
function lookup(session: Session): number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(0);
  return bad < 0 ? bad : session.putEntry(session.entries.lookup(parent, session.name));
}

/**
 * What all others have in common: the request's node is a directory, and its arguments name an entry in it.
 * @param nameOffset - where the name lies in the arguments
 * @param act - gets the directory; `session.name` is the name
 */
function onEntry<Result>(session: Session, nameOffset: number, act: (parent: Node) => Result): Result | number {
  const parent = session.node();
  if (parent === undefined) return -Errno.ESTALE;
  const bad = session.takeName(nameOffset);
  return bad < 0 ? bad : act(parent);
}

function mknod(session: Session): number {
  const { request, entries, name } = session;
  const device = decodeDevice(request.u32(MknodIn.rdev));
  const [mode, umask] = [request.u32(MknodIn.mode), request.u32(MknodIn.umask)];
  return session.putEntry(onEntry(session, MknodIn.name, (parent) => entries.mknod(parent, name, mode, device, umask)));
}

function mkdir(session: Session): number {
  const { request, entries, name } = session;
  const [mode, umask] = [request.u32(MkdirIn.mode), request.u32(MkdirIn.umask)];
  return session.putEntry(onEntry(session, MkdirIn.name, (parent) => entries.mkdir(parent, name, mode, umask)));
}

/** Arguments: the new name, and behind its NUL the target. */
function symlink(session: Session): number {
  const { request, entries, name, newName: target } = session;
  return session.putEntry(
    onEntry(session, 0, (parent) => {
      const unterminated = target.locate(request.region, name.end, request.length);
      return unterminated < 0 ? unterminated : entries.symlink(parent, name, target.address);
    }),
  );
}

function link(session: Session): number {
  const { request, entries, mirror, name } = session;
  const node = mirror.nodes.get(request.u64(LinkIn.oldNodeid));
  if (node === undefined) return -Errno.ESTALE;
  return session.putEntry(onEntry(session, LinkIn.name, (parent) => entries.link(node, parent, name)));
}

function readlink(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  return session.entries.readlink(node, session.reply.region, OutHeader.size, TARGET_MAX);
}

function unlink(session: Session): number {
  return onEntry(session, 0, (parent) => session.entries.unlink(parent, session.name));
}

function rmdir(session: Session): number {
  return onEntry(session, 0, (parent) => session.entries.rmdir(parent, session.name));
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
