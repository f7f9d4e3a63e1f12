/**
 * System calls that only the behaviour table makes, besides those of the harness.
 *
 * Guarantees: a failed call throws an error with an errno's name as its `code`. Offsets and sizes are numbers below 2^53.
 */
import { constants } from 'node:fs';
import { checked, libc } from '../../harness/libc.js';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

export const SEEK_SET = 0;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
export const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
/** Flag of renameat2(2): leaves a character device 0:0 in the old place. */
export const RENAME_WHITEOUT = 4;

const lseek64 = libc.func('int64_t lseek64(int, int64_t, int)');
const fallocate64 = libc.func('int fallocate64(int, int, int64_t, int64_t)');
const copyFileRange64 = libc.func('int64_t copy_file_range(int, void *, int, void *, size_t, unsigned int)');
const sendfile64 = libc.func('int64_t sendfile64(int, int, void *, size_t)');
const fadvise64 = libc.func('int posix_fadvise64(int, int64_t, int64_t, int)');
const syncRange = libc.func('int sync_file_range(int, int64_t, int64_t, unsigned int)');
const fsetxattrCall = libc.func('int fsetxattr(int, const char *, const void *, size_t, int)');
const setxattrCall = libc.func('int lsetxattr(const char *, const char *, const void *, size_t, int)');
const getxattrCall = libc.func('int64_t lgetxattr(const char *, const char *, void *, size_t)');
const listxattrCall = libc.func('int64_t llistxattr(const char *, void *, size_t)');
const removexattrCall = libc.func('int lremovexattr(const char *, const char *)');
const linkatCall = libc.func('int linkat(int, const char *, int, const char *, int)');
const utimensatCall = libc.func('int utimensat(int, const char *, const void *, int)');
const futimensCall = libc.func('int futimens(int, const void *)');
const getdents64Call = libc.func('int64_t getdents64(int, void *, size_t)');
const fcntlCall = libc.func('int fcntl(int, int, int)');
const fcntlLockCall = libc.func('int fcntl64(int, int, void *)');
const flockCall = libc.func('int flock(int, int)');
const truncateCall = libc.func('int truncate64(const char *, int64_t)');
const ioctlCall = libc.func('int ioctl(int, unsigned long, void *)');
const fchmodat2Call = libc.func('long syscall(long, int, const char *, unsigned int, unsigned int)');

/** lseek(2). @returns the new offset */
export function seek(fd: number, offset: number, whence: number): number {
  return Number(checked(lseek64(fd, offset, whence), 'lseek'));
}

/** fallocate(2). */
export function allocate(fd: number, mode: number, offset: number, length: number): void {
  checked(fallocate64(fd, mode, offset, length), 'fallocate');
}

/** copy_file_range(2) with both offsets given. @returns the bytes copied */
export function copyRange(
  from: number,
  fromOffset: number,
  to: number,
  toOffset: number,
  size: number,
  flags = 0,
): number {
  const offsets = [new BigInt64Array([BigInt(fromOffset)]), new BigInt64Array([BigInt(toOffset)])];
  return Number(checked(copyFileRange64(from, offsets[0], to, offsets[1], size, flags), 'copy_file_range'));
}

/** sendfile(2) from an offset on. @returns the bytes sent */
export function sendFile(to: number, from: number, offset: number, size: number): number {
  return Number(checked(sendfile64(to, from, new BigInt64Array([BigInt(offset)]), size), 'sendfile'));
}

/** posix_fadvise(2). @returns 0 or an errno */
export function advise(fd: number, offset: number, length: number, advice: number): number {
  return fadvise64(fd, offset, length, advice);
}

/** sync_file_range(2), writing and waiting. */
export function syncFileRange(fd: number, offset: number, length: number): void {
  checked(syncRange(fd, offset, length, 7), 'sync_file_range');
}

/** lsetxattr(2). */
export function setAttribute(path: string, name: string, value: Buffer, flags = 0): void {
  checked(setxattrCall(path, name, value, value.length, flags), 'lsetxattr');
}

/** fsetxattr(2). */
export function setAttributeOf(fd: number, name: string, value: Buffer, flags = 0): void {
  checked(fsetxattrCall(fd, name, value, value.length, flags), 'fsetxattr');
}

/** lgetxattr(2) with a buffer of `size` bytes; a size of 0 asks for the length. */
export function getAttribute(path: string, name: string, size: number): Buffer | number {
  const value = Buffer.alloc(size);
  const length = Number(checked(getxattrCall(path, name, value, size), 'lgetxattr'));
  return size === 0 ? length : value.subarray(0, length);
}

/** Names of llistxattr(2), sorted, with a buffer of `size` bytes; a size of 0 asks for the length. */
export function listAttributes(path: string, size: number): string[] | number {
  const names = Buffer.alloc(size);
  const length = Number(checked(listxattrCall(path, names, size), 'llistxattr'));
  return size === 0 ? length : names.toString('latin1', 0, length).split('\0').slice(0, -1).sort();
}

/** lremovexattr(2). */
export function removeAttribute(path: string, name: string): void {
  checked(removexattrCall(path, name), 'lremovexattr');
}

/** linkat(2) of what a path leads to, symbolic links followed; `/proc/self/fd/N` names an open file. */
export function linkFollowing(from: string, to: string): void {
  checked(linkatCall(AT_FDCWD, from, AT_FDCWD, to, 0x400), 'linkat');
}

type Time = readonly [seconds: number, nanoseconds: number];

const timespecs = (access: Time, modification: Time): BigInt64Array =>
  new BigInt64Array([...access, ...modification].map(BigInt));

/** utimensat(2) without following a symlink. */
export function linkTimes(path: string, access: Time, modification: Time): void {
  checked(utimensatCall(AT_FDCWD, path, timespecs(access, modification), AT_SYMLINK_NOFOLLOW), 'utimensat');
}

/** futimens(3). */
export function fileTimes(fd: number, access: Time, modification: Time): void {
  checked(futimensCall(fd, timespecs(access, modification)), 'futimens');
}

/** One directory entry as getdents64(2) gives it. */
export interface RawEntry {
  readonly name: string;
  readonly inode: bigint;
  /** Where lseek(2) goes on behind this entry. */
  readonly next: bigint;
}

/** One call of getdents64(2); empty at the end. */
export function readEntries(fd: number, size: number): RawEntry[] {
  const bytes = Buffer.alloc(size);
  const length = Number(checked(getdents64Call(fd, bytes, size), 'getdents64'));
  const entries: RawEntry[] = [];
  for (let start = 0; start < length; start += bytes.readUInt16LE(start + 16)) {
    const end = bytes.indexOf(0, start + 19);
    entries.push({
      name: bytes.toString('latin1', start + 19, end),
      inode: bytes.readBigUInt64LE(start),
      next: bytes.readBigInt64LE(start + 8),
    });
  }
  return entries;
}

/** lseek(2) of a directory to an entry's `next`. */
export function seekEntries(fd: number, cookie: bigint): void {
  checked(Number(lseek64(fd, cookie, SEEK_SET)) === -1 ? -1 : 0, 'lseek');
}

/** fcntl(2) with a number as argument. */
export function control(fd: number, command: number, argument: number): number {
  return checked(fcntlCall(fd, command, argument), 'fcntl');
}

/** fcntl(2) with `struct flock` about a range from the file's start. @returns its type afterwards: who is in the way */
export function lockRange(fd: number, command: number, type: number, start: number, length: number): number {
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(type, 0);
  lock.writeBigInt64LE(BigInt(start), 8);
  lock.writeBigInt64LE(BigInt(length), 16);
  checked(fcntlLockCall(fd, command, lock), 'fcntl');
  return lock.readInt16LE(0);
}

/** flock(2). */
export function lockFile(fd: number, operation: number): void {
  checked(flockCall(fd, operation), 'flock');
}

/** truncate(2) with any length, a negative one included. */
export function cut(path: string, length: number): void {
  checked(truncateCall(path, length), 'truncate');
}

/** The ioctl FS_IOC_FIEMAP, which writes the file back first. @returns how many extents it has */
export function countExtents(fd: number): number {
  const map = Buffer.alloc(32);
  map.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 8);
  map.writeUInt32LE(1, 16);
  checked(ioctlCall(fd, 0xc020660b, map), 'ioctl');
  return map.readUInt32LE(20);
}

/** fchmodat2(2) without following a symlink; glibc would decide by itself. */
export function linkMode(path: string, mode: number): void {
  checked(fchmodat2Call(452, AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW), 'fchmodat2');
}
