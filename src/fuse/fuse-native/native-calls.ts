/**
 * Calls on memory that libfuse owns, and a few others that only this engine needs.
 *
 * Guarantees: as `src/libc/calls.ts`: addresses are numbers, results are libc's. An address is good only while the libfuse
 * thread waits for the answer to the request that it came with.
 */
import koffi from 'koffi';
import { orErrno } from '../../libc/calls.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from '../../libc/flags.js';
import { emptyString } from '../../libc/memory.js';

const libc = koffi.load('libc.so.6');

function bind<Call>(prototype: string): Call {
  return libc.func(prototype) as unknown as Call;
}

export const copyMemory = bind<(to: number, from: number, size: number) => number>(
  'uintptr_t memcpy(uintptr_t, uintptr_t, size_t)',
);

const memccpy = bind<(to: number, from: number, stop: number, size: number) => number>(
  'uintptr_t memccpy(uintptr_t, uintptr_t, int, size_t)',
);

/** Copies text with its NUL. @returns its length, or -1 when it needs more than `size` bytes */
export function copyText(to: number, from: number, size: number): number {
  const end = memccpy(to, from, 0, size);
  return end === 0 ? -1 : end - to - 1;
}

const SYS_newfstatat: Readonly<Record<string, number>> = { x64: 262, arm64: 79 };
const statNumber = SYS_newfstatat[process.arch] ?? -1;
const syscall = bind<(number: number, directory: number, name: number, status: number, flags: number) => number>(
  'long syscall(long, long, uintptr_t, uintptr_t, long)',
);

/** lstat of an entry into a `struct stat` at `status`, laid out by the kernel itself. @returns 0 or a negated errno */
export function statEntry(directory: number, name: number, status: number): number {
  return orErrno(syscall(statNumber, directory, name, status, AT_SYMLINK_NOFOLLOW));
}

/** fstat into a `struct stat` at `status`. @returns 0 or a negated errno */
export function statFd(fd: number, status: number): number {
  return orErrno(syscall(statNumber, fd, emptyString, status, AT_EMPTY_PATH));
}

/** Byte offsets into `struct stat` of this architecture, and its size. */
export const Stat =
  process.arch === 'x64' ? { ino: 8, nlink: 16, mode: 24, size: 144 } : { ino: 8, nlink: 20, mode: 16, size: 128 };

/** Fills a `struct statvfs`. */
export const fstatvfs = bind<(fd: number, buffer: number) => number>('int fstatvfs64(int, uintptr_t)');

export const dup2 = bind<(from: number, to: number) => number>('int dup2(int, int)');
export const memfdCreate = bind<(name: number, flags: number) => number>('int memfd_create(uintptr_t, unsigned int)');

const fillDir = koffi.proto('int logagg_fill_dir(uintptr_t, uintptr_t, uintptr_t, int64_t)');

/** Calls libfuse's `fuse_fill_dir_t` at `filler`. @returns 0, or 1 when there is no room */
export function callFiller(filler: number, buffer: number, name: number, status: number): number {
  return koffi.call(filler, fillDir, buffer, name, status, 0) as number;
}
