/**
 * Requests about the state of inodes, and the connection's own: INIT, FORGET, STATFS.
 */
import { Errno } from '../libc/errno.js';
import { MemoryRegion } from '../libc/memory.js';
import { type AttributeChange, UTIME_NOW, UTIME_OMIT } from '../mirror/metadata.js';
import { BatchForgetIn, ForgetIn, InitOut, SetattrIn, SetattrValid, StatfsOut } from './layout.js';
import { negotiate } from './negotiation.js';
import type { OpcodeName } from './opcode.js';
import { type Handler, NO_REPLY, type Session } from './session.js';

/** Byte offsets into `struct statfs` of 64-bit Linux, all fields of 64 bits. */
const Statfs = { bsize: 8, blocks: 16, bfree: 24, bavail: 32, files: 40, ffree: 48, namelen: 64, frsize: 72 } as const;
const statfsBuffer = new MemoryRegion(128);

function init(session: Session): number {
  const result = negotiate(session.request, session.reply, session.wanted);
  session.events.onNegotiated(result);
  if ('unsupported' in result) return -Errno.EPROTO;
  session.begin(result);
  return InitOut.length;
}

function forget({ mirror, request }: Session): number {
  mirror.nodes.forget(request.nodeId, request.u64(ForgetIn.nlookup));
  return NO_REPLY;
}

function batchForget({ mirror, request }: Session): number {
  const count = request.u32(BatchForgetIn.count);
  for (let i = 0; i < count; i++) {
    const item = BatchForgetIn.items + i * BatchForgetIn.itemLength;
    if (!request.hasArguments(item + BatchForgetIn.itemLength)) break;
    mirror.nodes.forget(request.u64(item), request.u64(item + 8));
  }
  return NO_REPLY;
}

function getattr(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const failed = session.metadata.getattr(node);
  return failed < 0 ? failed : session.reply.putAttr(session.mirror.status);
}

function setattr(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  if (!session.request.hasArguments(SetattrIn.gid + 4)) return -Errno.EINVAL;
  const failed = session.metadata.setattr(node, changeOf(session));
  return failed < 0 ? failed : session.reply.putAttr(session.mirror.status);
}

function changeOf(session: Session): AttributeChange {
  const { request } = session;
  const valid = request.u32(SetattrIn.valid);
  const has = (bit: number): boolean => (valid & bit) !== 0;
  const sizeFd = has(SetattrValid.fh) ? session.mirror.handles.fd(request.u64(SetattrIn.fh)) : -1;
  return {
    size: has(SetattrValid.size) ? request.bigint64(SetattrIn.size) : undefined,
    sizeFd,
    mode: has(SetattrValid.mode) ? request.u32(SetattrIn.mode) : undefined,
    uid: has(SetattrValid.uid) ? request.u32(SetattrIn.uid) : undefined,
    gid: has(SetattrValid.gid) ? request.u32(SetattrIn.gid) : undefined,
    clearSetId: has(SetattrValid.killSuidgid),
    hasTimes: takeTimes(session, valid),
  };
}

/** Fills `metadata.times`. @returns whether any time is to be changed */
function takeTimes({ request, metadata }: Session, valid: number): boolean {
  const { words } = metadata.times;
  const take = (index: number, set: number, now: number, seconds: number, nanoseconds: number): void => {
    words[index] = request.u32(seconds);
    words[index + 1] = request.u32(seconds + 4);
    words[index + 2] = UTIME_OMIT;
    words[index + 3] = 0;
    if ((valid & now) !== 0) words[index + 2] = UTIME_NOW;
    else if ((valid & set) !== 0) words[index + 2] = request.u32(nanoseconds);
  };
  take(0, SetattrValid.atime, SetattrValid.atimeNow, SetattrIn.atime, SetattrIn.atimeNsec);
  take(4, SetattrValid.mtime, SetattrValid.mtimeNow, SetattrIn.mtime, SetattrIn.mtimeNsec);
  const any = SetattrValid.atime | SetattrValid.mtime | SetattrValid.atimeNow | SetattrValid.mtimeNow;
  return (valid & any) !== 0;
}

/** GETATTR with the time of birth; asked only by those who want that. */
function statx(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const failed = session.metadata.getattr(node);
  return failed < 0 ? failed : session.reply.putStatx(session.mirror.status);
}

function statfs({ metadata, reply }: Session): number {
  const failed = metadata.statfs(statfsBuffer);
  if (failed < 0) return failed;
  const { words } = statfsBuffer;
  const low = (offset: number): number => words[offset >> 2] ?? 0;
  const copy = (to: number, from: number): void => reply.setWords(to, low(from), low(from + 4));
  reply.clear(0, StatfsOut.length);
  copy(StatfsOut.blocks, Statfs.blocks);
  copy(StatfsOut.bfree, Statfs.bfree);
  copy(StatfsOut.bavail, Statfs.bavail);
  copy(StatfsOut.files, Statfs.files);
  copy(StatfsOut.ffree, Statfs.ffree);
  reply.setU32(StatfsOut.bsize, low(Statfs.bsize));
  reply.setU32(StatfsOut.namelen, low(Statfs.namelen));
  reply.setU32(StatfsOut.frsize, low(Statfs.frsize));
  return StatfsOut.length;
}

export const metadataHandlers = {
  INIT: init,
  DESTROY: () => 0,
  FORGET: forget,
  BATCH_FORGET: batchForget,
  GETATTR: getattr,
  SETATTR: setattr,
  STATFS: statfs,
  STATX: statx,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
