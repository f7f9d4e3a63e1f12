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
  const { request, attributes, name, reply } = session;
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const bad = takeAttributeName(session, GetxattrIn.name);
  if (bad < 0) return bad;
  // A size of 0 asks for the length only.
  const room = Math.min(request.u32(GetxattrIn.size), XATTR_MAX);
  const length = attributes.get(node, name.address, reply.region.address + OutHeader.size, room);
  if (length < 0 || room > 0) return length;
  reply.setU64(GetxattrOut.size, length);
  return GetxattrOut.length;
}

function listxattr(session: Session): number {
  const { request, attributes, reply, caller } = session;
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const all = attributes.list(node, reply.region.address + OutHeader.size, XATTR_MAX);
  if (all < 0) return all;
  const names = reply.region.bytes.subarray(OutHeader.size, OutHeader.size + all);
  const length = caller.uid === 0 ? all : withoutTrusted(names);
  const room = request.u32(GetxattrIn.size);
  if (room > 0) return length > room ? -Errno.ERANGE : length;
  reply.setU64(GetxattrOut.size, length);
  return GetxattrOut.length;
}

const TRUSTED = Buffer.from('trusted.');

/**
 * Takes the names out that only the privileged may see (xattr(7)); the kernel keeps their values from others, and leaves the
 * list to the file system. @returns the length that is left
 */
function withoutTrusted(names: Buffer): number {
  let kept = 0;
  for (let start = 0; start < names.length; ) {
    const end = names.indexOf(0, start) + 1;
    if (end === 0) break;
    if (!names.subarray(start, end).subarray(0, TRUSTED.length).equals(TRUSTED)) {
      kept += names.copy(names, kept, start, end);
    }
    start = end;
  }
  return kept;
}

function removexattr(session: Session): number {
  const node = session.node();
  if (node === undefined) return -Errno.ESTALE;
  const bad = takeAttributeName(session, 0);
  return bad < 0 ? bad : session.attributes.remove(node, session.name.address);
}

/**
 * The ioctls that say something about the file itself (linux/fs.h), with the bytes that they return. The kernel has checked
 * who may make changes. Some name a `long` and mean an `int`: a longer answer would overwrite what lies behind it.
 */
const passedOn = new Map([
  [0x80086601, 4], // FS_IOC_GETFLAGS
  [0x40086602, 4], // FS_IOC_SETFLAGS
  [0x801c581f, 28], // FS_IOC_FSGETXATTR
  [0x401c5820, 28], // FS_IOC_FSSETXATTR
  [0x80087601, 4], // FS_IOC_GETVERSION
]);

/** Those that change something. Linux before 5.13 passes them on unchecked; it is as old as its SETXATTR is short. */
const changing = new Set([0x40086602, 0x401c5820]);

function fileIoctl({ request, reply, mirror, hasLongSetxattr }: Session): number {
  const command = request.u32(IoctlIn.command);
  const returned = passedOn.get(command);
  if (returned === undefined || (changing.has(command) && !hasLongSetxattr)) return -Errno.ENOTTY;
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
  return result < 0 ? result : IoctlOut.length + Math.min(outSize, returned);
}

export const attributeHandlers = {
  SETXATTR: setxattr,
  GETXATTR: getxattr,
  LISTXATTR: listxattr,
  REMOVEXATTR: removexattr,
  IOCTL: fileIoctl,
} as const satisfies Partial<Record<OpcodeName, Handler>>;
