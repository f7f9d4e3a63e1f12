/**
 * Where the fields of FUSE messages lie: the only place that knows.
 *
 * Guarantees: byte offsets as in include/uapi/linux/fuse.h, protocol 7.31 and later. Offsets of a request's arguments count
 * from the end of its header. All integers have the host's byte order.
 */

/** `struct fuse_in_header`. */
export const InHeader = { len: 0, opcode: 4, unique: 8, nodeid: 16, uid: 24, gid: 28, pid: 32, size: 40 } as const;

/** `struct fuse_out_header`: u32 len, i32 error, u64 unique. */
export const OutHeader = { len: 0, error: 4, unique: 8, size: 16 } as const;

/** `struct fuse_attr`. */
export const Attr = {
  ino: 0,
  size: 8,
  blocks: 16,
  atime: 24,
  mtime: 32,
  ctime: 40,
  atimeNsec: 48,
  mtimeNsec: 52,
  ctimeNsec: 56,
  mode: 60,
  nlink: 64,
  uid: 68,
  gid: 72,
  rdev: 76,
  blksize: 80,
  flags: 84,
  length: 88,
} as const;

/** `struct fuse_entry_out`. */
export const EntryOut = {
  nodeid: 0,
  generation: 8,
  entryValid: 16,
  attrValid: 24,
  entryValidNsec: 32,
  attrValidNsec: 36,
  attr: 40,
  length: 128,
} as const;

/** `struct fuse_attr_out`. */
export const AttrOut = { attrValid: 0, attrValidNsec: 8, attr: 16, length: 104 } as const;

/** `struct fuse_open_out`. */
export const OpenOut = { fh: 0, openFlags: 8, backingId: 12, length: 16 } as const;

/** `struct fuse_init_in`, 7.36 and later; 16 bytes up to `flags` before. */
export const InitIn = { major: 0, minor: 4, maxReadahead: 8, flags: 12, flags2: 16 } as const;

/** `struct fuse_init_out`, 7.23 and later. */
export const InitOut = {
  major: 0,
  minor: 4,
  maxReadahead: 8,
  flags: 12,
  maxBackground: 16,
  congestionThreshold: 18,
  maxWrite: 20,
  timeGran: 24,
  maxPages: 28,
  mapAlignment: 30,
  flags2: 32,
  maxStackDepth: 36,
  length: 64,
} as const;

export const ForgetIn = { nlookup: 0 } as const;
/** `count` pairs of u64 nodeid, u64 nlookup follow. */
export const BatchForgetIn = { count: 0, items: 8, itemLength: 16 } as const;

export const GetattrIn = { flags: 0, fh: 8 } as const;
/** `FUSE_GETATTR_FH`: asked about an open file. */
export const GETATTR_HANDLE = 1;
export const SetattrIn = {
  valid: 0,
  fh: 8,
  size: 16,
  atime: 32,
  mtime: 40,
  atimeNsec: 56,
  mtimeNsec: 60,
  mode: 68,
  uid: 76,
  gid: 80,
} as const;

export const MknodIn = { mode: 0, rdev: 4, umask: 8, name: 16 } as const;
export const MkdirIn = { mode: 0, umask: 4, name: 8 } as const;
export const LinkIn = { oldNodeid: 0, name: 8 } as const;
export const RenameIn = { newDirectory: 0, names: 8 } as const;
export const Rename2In = { newDirectory: 0, flags: 8, names: 16 } as const;
export const CreateIn = { flags: 0, mode: 4, umask: 8, name: 16 } as const;
export const OpenIn = { flags: 0, openFlags: 4 } as const;
export const ReadIn = { fh: 0, offset: 8, size: 16 } as const;
export const WriteIn = { fh: 0, offset: 8, size: 16, writeFlags: 20, flags: 32, data: 40 } as const;
export const WriteOut = { size: 0, length: 8 } as const;
export const ReleaseIn = { fh: 0 } as const;
export const FsyncIn = { fh: 0, flags: 8 } as const;
export const LseekIn = { fh: 0, offset: 8, whence: 16 } as const;
export const LseekOut = { offset: 0, length: 8 } as const;

/** The name follows; and behind its NUL the value. With FUSE_SETXATTR_EXT, which we ask for where it is offered. */
export const SetxattrIn = { size: 0, flags: 4, extraFlags: 8, name: 16 } as const;
/** The same in a connection without FUSE_SETXATTR_EXT. */
export const SetxattrShortIn = { name: 8 } as const;
/** Of GETXATTR (the name follows) and LISTXATTR. */
export const GetxattrIn = { size: 0, name: 8 } as const;
/** Reply to a size of 0: how large the value is. */
export const GetxattrOut = { size: 0, length: 8 } as const;

export const FallocateIn = { fh: 0, offset: 8, size: 16, mode: 24 } as const;
export const CopyFileRangeIn = {
  fhIn: 0,
  offsetIn: 8,
  fhOut: 24,
  offsetOut: 32,
  size: 40,
  flags: 48,
} as const;

export const IoctlIn = { fh: 0, flags: 8, command: 12, inSize: 24, outSize: 28, data: 32 } as const;
/** Data follows. */
export const IoctlOut = { result: 0, flags: 4, length: 16 } as const;

/** `struct fuse_statx_out`: behind the validity lies what statx(2) gives, 256 bytes. */
export const StatxOut = { attrValid: 0, attrValidNsec: 8, stat: 32, statLength: 256, length: 288 } as const;

/** `struct fuse_kstatfs`. */
export const StatfsOut = {
  blocks: 0,
  bfree: 8,
  bavail: 16,
  files: 24,
  ffree: 32,
  bsize: 40,
  namelen: 44,
  frsize: 48,
  length: 80,
} as const;

/** `struct fuse_dirent`; the name follows, padded to 8 bytes. `struct fuse_direntplus` is an entry and then a dirent. */
export const Dirent = { ino: 0, off: 8, namelen: 16, type: 20, name: 24 } as const;

/** INIT flags, bits 0–31. */
export const InitFlag = {
  asyncRead: 1 << 0,
  atomicOTrunc: 1 << 3,
  bigWrites: 1 << 5,
  dontMask: 1 << 6,
  autoInvalData: 1 << 12,
  doReaddirplus: 1 << 13,
  readdirplusAuto: 1 << 14,
  parallelDirops: 1 << 18,
  posixAcl: 1 << 20,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  handleKillprivV2: 1 << 28,
  setxattrExt: 1 << 29,
  initExt: 1 << 30,
} as const;

/** INIT flags, bits 32–63, as bits of `flags2`. */
export const InitFlag2 = { passthrough: 1 << 5, hasResend: 1 << 7, overIoUring: 1 << 9 } as const;

/** `FATTR_*`: which fields of SETATTR count. */
export const SetattrValid = {
  mode: 1 << 0,
  uid: 1 << 1,
  gid: 1 << 2,
  size: 1 << 3,
  atime: 1 << 4,
  mtime: 1 << 5,
  fh: 1 << 6,
  atimeNow: 1 << 7,
  mtimeNow: 1 << 8,
  killSuidgid: 1 << 11,
} as const;

/** `FOPEN_*`: how the kernel is to treat an open file. */
export const OpenFlag = { directIo: 1 << 0, passthrough: 1 << 7 } as const;

/** `FUSE_OPEN_KILL_SUIDGID`, of OPEN and CREATE. */
export const OPEN_KILL_SUIDGID: number = 1 << 0;

/** `FUSE_WRITE_*`. */
export const WriteFlag = { cache: 1 << 0, killSuidgid: 1 << 2 } as const;

/** `FUSE_SETXATTR_ACL_KILL_SGID`: the caller may not keep the set-group-id bit. */
export const SETXATTR_KILL_SGID: number = 1 << 0;

/** `FUSE_FSYNC_FDATASYNC`. */
export const FSYNC_DATA_ONLY = 1;
