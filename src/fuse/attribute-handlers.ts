/**
 * Requests about extended attributes, ACLs among them, and inode flags (chattr(1)).
 */
import { ioctl, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import {
  GetxattrIn,
  GetxattrOut,
  IoctlIn,
  IoctlOut,
  OutHeader,
  SETXATTR_KILL_SGID,
  SetxattrIn,
  SetxattrShortIn,
} from './layout.js';
import type { OpcodeName } from './opcode.js';
import type { Handler, Session } from './session.js';

/** Largest value that Linux allows (XATTR_SIZE_MAX), and largest list of names (XATTR_LIST_MAX). */
const XATTR_MAX = 65_536;

/** Names of attributes may hold slashes and dots: only their end has to be found. */
function takeAttributeName({ request, name }: Session, offset: number): number {
  return request.locateName(name, offset);
}

function setxattr(session: Session): number {
  const { request, attributes, name, hasLongSetxattr } = session;
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const bad = takeAttributeName(session, hasLongSetxattr ? SetxattrIn.name : SetxattrShortIn.name);
  if (bad < 0) return bad;
  const size = request.u32(SetxattrIn.size);
  if (name.end + size > request.length) return -Errno.EINVAL;
  const extra = hasLongSetxattr ? request.u32(SetxattrIn.extraFlags) : 0;
  const value = request.region.address + name.end;
  const clearSetGid = (extra & SETXATTR_KILL_SGID) !== 0;
  return attributes.set(node, name.address, value, size, request.u32(SetxattrIn.flags), clearSetGid);
}

function getxattr(session: Session): number {
  const { attributes, name, reply } = session;
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const bad = takeAttributeName(session, GetxattrIn.name);
  if (bad < 0) return bad;
  return putSized(session, (room) => attributes.get(node, name.address, reply.region.address + OutHeader.size, room));
}

function listxattr(session: Session): number {
  const { attributes, reply } = session;
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  return putSized(session, (room) => attributes.list(node, reply.region.address + OutHeader.size, room));
}

/** A size of 0 asks for the length only. @param fetch - puts at most `room` bytes into the reply */
function putSized({ request, reply }: Session, fetch: (room: number) => number): number {
  const room = Math.min(request.u32(GetxattrIn.size), XATTR_MAX);
  const length = fetch(room);
  if (length < 0 || room > 0) return length;
  reply.setU64(GetxattrOut.size, length);
  return GetxattrOut.length;
}

function removexattr(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const bad = takeAttributeName(session, 0);
  return bad < 0 ? bad : session.attributes.remove(node, session.name.address);
}

/**
 * The ioctls that say something about the file itself (linux/fs.h); the kernel has checked who may do so. FS_IOC_SETFLAGS
 * and its sibling name a `long` and pass an `int`.
 */
const passedOn = new Set([0x80086601, 0x40086602, 0x801c581f, 0x401c5820]);

function fileIoctl({ request, reply, mirror }: Session): number {
  const command = request.u32(IoctlIn.command);
  if (!passedOn.has(command)) return -Errno.ENOTTY;
  const fd = mirror.handles.fd(request.u64(IoctlIn.fh));
  if (fd < 0) return fd;
  const inSize = request.u32(IoctlIn.inSize);
  const outSize = request.u32(IoctlIn.outSize);
  if (!request.hasArguments(IoctlIn.data + inSize) || Math.max(inSize, outSize) > 64) return -Errno.EINVAL;
  const data = OutHeader.size + IoctlOut.length;
  reply.clear(0, IoctlOut.length + 64);
  const position = request.position(IoctlIn.data);
  request.region.bytes.copy(reply.region.bytes, data, position, position + inSize);
  const result = orErrno(ioctl(fd, command, reply.region.address + data));
  return result < 0 ? result : IoctlOut.length + outSize;
}

export const attributeHandlers = {
  SETXATTR: setxattr,
  GETXATTR: getxattr,
  LISTXATTR: listxattr,
  REMOVEXATTR: removexattr,
  IOCTL: fileIoctl,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
