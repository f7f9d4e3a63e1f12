/**
 * What must hold of every reply, whatever the request was.
 *
 * Guarantees: returns a line for each rule that is broken. Knows the protocol's reply lengths by itself; whether the
 * result makes sense is for other tests to say.
 */
import { GetxattrIn, InHeader, IoctlIn, OutHeader, ReadIn } from '../../src/fuse/layout.js';
import { Opcode, type OpcodeName } from '../../src/fuse/opcode.js';
import { type Exchange, secret, stale } from './fuzz-target.js';

const byNumber = new Map(Object.entries(Opcode).map(([name, opcode]) => [opcode as number, name as OpcodeName]));

/** These have no reply (fuse.h: FORGET and its relatives; INTERRUPT may do without). */
const unanswered = new Set<OpcodeName>(['FORGET', 'BATCH_FORGET', 'INTERRUPT', 'NOTIFY_REPLY']);

/** Payload of a successful reply, in bytes. */
const fixedLengths: Partial<Record<OpcodeName, number>> = {
  ...{ LOOKUP: 128, MKNOD: 128, MKDIR: 128, SYMLINK: 128, LINK: 128, CREATE: 144, OPEN: 16, OPENDIR: 16 },
  ...{ GETATTR: 104, SETATTR: 104, STATX: 288, STATFS: 80, INIT: 64, WRITE: 8, LSEEK: 8, COPY_FILE_RANGE: 8 },
  ...{ UNLINK: 0, RMDIR: 0, RENAME: 0, RENAME2: 0, RELEASE: 0, RELEASEDIR: 0, FLUSH: 0, FSYNC: 0, FSYNCDIR: 0 },
  ...{ SETXATTR: 0, REMOVEXATTR: 0, FALLOCATE: 0, DESTROY: 0 },
};

const maxLinkTarget = 4095;
const maxErrno = 4095;

export function opcodeOf(message: Buffer): OpcodeName | undefined {
  return message.length >= InHeader.opcode + 4 ? byNumber.get(message.readUInt32LE(InHeader.opcode)) : undefined;
}

/** Whether the header is whole and tells the true length. */
export function hasGoodHeader(message: Buffer): boolean {
  return message.length >= InHeader.size && message.readUInt32LE(InHeader.len) === message.length;
}

/** Problems with what a request led to. */
export function problemsOf(message: Buffer, { replies, slow, defects }: Exchange): string[] {
  const problems = defects.map((defect) => `a handler threw ${defect instanceof Error ? defect.stack : defect}`);
  const opcode = opcodeOf(message);
  const answers = Number(replies.length > 0) + slow.length;
  const silent = opcode !== undefined && unanswered.has(opcode);
  if (!hasGoodHeader(message)) {
    if (slow.length > 0) problems.push('work was begun for a message with a bad header');
  } else if (answers !== (silent ? 0 : 1)) {
    problems.push(`${answers} answers instead of ${silent ? 0 : 1}`);
  }
  if (replies.length > 0) problems.push(...replyProblems(message, replies));
  return problems;
}

/** Problems with the bytes of one reply. */
export function replyProblems(message: Buffer, reply: Buffer): string[] {
  if (reply.length < OutHeader.size) return [`a reply of ${reply.length} bytes`];
  const problems: string[] = [];
  const length = reply.readUInt32LE(OutHeader.len);
  const error = reply.readInt32LE(OutHeader.error);
  if (length !== reply.length) problems.push(`its length says ${length}, and ${reply.length} bytes were written`);
  if (error > 0 || error < -maxErrno) problems.push(`error ${error}`);
  if (error !== 0 && reply.length !== OutHeader.size) problems.push(`error ${error} with a payload`);
  if (reply.includes(stale)) problems.push('it holds bytes of an earlier message');
  if (reply.includes(secret)) problems.push('it tells what lies outside of the mirror');
  if (!hasGoodHeader(message)) return error < 0 ? problems : [...problems, 'success in spite of a bad header'];
  if (reply.readBigUInt64LE(OutHeader.unique) !== message.readBigUInt64LE(InHeader.unique)) {
    problems.push('it answers another request');
  }
  if (error === 0) problems.push(...payloadProblems(message, reply.length - OutHeader.size));
  return problems;
}

function payloadProblems(message: Buffer, length: number): string[] {
  const opcode = opcodeOf(message);
  if (opcode === undefined) return ['an unknown request succeeded'];
  const fixed = fixedLengths[opcode];
  if (fixed !== undefined) return length === fixed ? [] : [`a payload of ${length} bytes instead of ${fixed}`];
  const most = longestPayload(message, opcode);
  return length <= most ? [] : [`a payload of ${length} bytes, and ${most} are the most`];
}

/** What the kernel has room for. */
function longestPayload(message: Buffer, opcode: OpcodeName): number {
  const argument = (offset: number): number => {
    const position = InHeader.size + offset;
    return position + 4 <= message.length ? message.readUInt32LE(position) : 0;
  };
  switch (opcode) {
    case 'READ':
    case 'READDIR':
    case 'READDIRPLUS':
      return argument(ReadIn.size);
    case 'READLINK':
      return maxLinkTarget;
    case 'GETXATTR':
    case 'LISTXATTR':
      return argument(GetxattrIn.size) || 8;
    case 'IOCTL':
      return 16 + argument(IoctlIn.outSize);
    default:
      return 0;
  }
}
