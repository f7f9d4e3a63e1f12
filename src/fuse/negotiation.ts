/**
 * INIT: what this kernel and we can do together.
 *
 * Guarantees: only what the kernel offers is asked for, so that an older kernel gets a plainer but correct file system. Never
 * FUSE_WRITEBACK_CACHE: it delays, merges and reorders writes, and the capture needs each one as it was made.
 */
import { InitFlag, InitFlag2, InitIn, InitOut } from './layout.js';
import type { Reply } from './reply.js';
import type { Request } from './request.js';

export const PROTOCOL_MAJOR = 7;
/** Newest minor version whose layouts `layout.ts` knows. */
const NEWEST_MINOR = 45;
/** Linux 5.10, Debian 11's: older ones lack openat2(2) or utimensat(2) by descriptor as well. */
const OLDEST_MINOR = 32;

/** Bytes of the largest write and read: 256 pages, the kernel's limit (FUSE_MAX_MAX_PAGES) up to 6.13. */
export const MAX_WRITE: number = 1024 * 1024;
const PAGE_SIZE = 4096;

const MAX_BACKGROUND = 64;

const WANTED =
  InitFlag.asyncRead |
  InitFlag.atomicOTrunc |
  InitFlag.bigWrites |
  InitFlag.dontMask |
  InitFlag.autoInvalData |
  InitFlag.doReaddirplus |
  InitFlag.readdirplusAuto |
  InitFlag.parallelDirops |
  InitFlag.posixAcl |
  InitFlag.maxPages |
  InitFlag.cacheSymlinks |
  InitFlag.handleKillprivV2 |
  InitFlag.setxattrExt |
  InitFlag.initExt;

const WANTED2 = InitFlag2.hasResend;

/** What not every mount wants. */
export interface Wanted {
  /** Untracked files are written in the kernel, too. */
  readonly nativeUntracked: boolean;
  /** FUSE passthrough. */
  readonly passthrough: boolean;
  /** Another server is to go on if this one dies. */
  readonly recoverable: boolean;
  /** FUSE over io_uring; once it is agreed on the kernel waits until all queues are served. */
  readonly uring: boolean;
}

/** What was agreed on. */
export interface Negotiated {
  /** Protocol version spoken, 7.`minor`. */
  readonly minor: number;
  /** Reads of open files can go straight to the mirror's file (Linux 6.9 and later). */
  readonly passthrough: boolean;
  /** The kernel keeps backing files, whether or not they are read through. */
  readonly backing: boolean;
  /** The kernel can deliver requests again that nobody has answered (Linux 6.9 and later). */
  readonly resend: boolean;
  /** Requests may come over io_uring (Linux 6.14 and later, where it is switched on). */
  readonly uring: boolean;
  /** SETXATTR has its longer form (Linux 5.13 and later). */
  readonly longSetxattr: boolean;
}

/** Why the kernel can't be served; a line for the user. */
export interface Unsupported {
  readonly unsupported: string;
}

/**
 * Fills the INIT reply.
 * @param wanted - what to ask for, where it is offered
 * @returns what was agreed on; or why nothing was, and then the reply must be an error
 */
export function negotiate(request: Request, reply: Reply, wanted: Wanted): Negotiated | Unsupported {
  const major = request.u32(InitIn.major);
  const minor = request.u32(InitIn.minor);
  if (major !== PROTOCOL_MAJOR || minor < OLDEST_MINOR) {
    const needed = `${PROTOCOL_MAJOR}.${OLDEST_MINOR}`;
    return {
      unsupported: `this kernel speaks FUSE ${major}.${minor}; logagg-fs needs ${needed} or later (Linux 5.10)`,
    };
  }
  const flags = request.u32(InitIn.flags) & WANTED;
  const offered2 = (flags & InitFlag.initExt) !== 0 ? request.u32(InitIn.flags2) : 0;
  const wanted2 =
    (wanted.passthrough || wanted.recoverable ? InitFlag2.passthrough : 0) | (wanted.uring ? InitFlag2.overIoUring : 0);
  const flags2 = offered2 & (WANTED2 | wanted2);
  const backing = (flags2 & InitFlag2.passthrough) !== 0;

  reply.clear(0, InitOut.length);
  reply.setU32(InitOut.major, PROTOCOL_MAJOR);
  reply.setU32(InitOut.minor, Math.min(minor, NEWEST_MINOR));
  reply.setU32(InitOut.maxReadahead, request.u32(InitIn.maxReadahead));
  reply.setU32(InitOut.flags, flags >>> 0);
  reply.setU32(InitOut.maxBackground, MAX_BACKGROUND | (((MAX_BACKGROUND * 3) / 4) << 16));
  reply.setU32(InitOut.maxWrite, MAX_WRITE);
  reply.setU32(InitOut.timeGran, 1);
  reply.setU32(InitOut.maxPages, MAX_WRITE / PAGE_SIZE);
  reply.setU32(InitOut.flags2, flags2 >>> 0);
  // How deep file systems may be stacked below us: 1 is what passthrough demands.
  reply.setU32(InitOut.maxStackDepth, backing ? 1 : 0);
  const longSetxattr = (flags & InitFlag.setxattrExt) !== 0;
  const uring = (flags2 & InitFlag2.overIoUring) !== 0;
  const passthrough = backing && wanted.passthrough;
  const resend = (flags2 & InitFlag2.hasResend) !== 0;
  return { minor: Math.min(minor, NEWEST_MINOR), passthrough, backing, resend, uring, longSetxattr };
}
