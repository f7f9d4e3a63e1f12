/**
 * The system calls that the benchmark times, called without allocation.
 *
 * Guarantees: arguments are plain numbers, so that a call costs a few hundred nanoseconds including the system call
 * itself. Does not check results: callers see -1 and ask {@link lastErrno}. Benchmark only.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

/** open(2): address of the path, flags, mode. */
export const open = libc.func('int open(uintptr_t, int, uint32_t)');
/** close(2). */
export const close = libc.func('int close(int)');
/** write(2): file descriptor, address, size in bytes. */
export const write = libc.func('long write(int, uintptr_t, size_t)');
/** read(2): file descriptor, address, size in bytes. */
export const read = libc.func('long read(int, uintptr_t, size_t)');
/** pread(2): file descriptor, address, size in bytes, offset in bytes. */
export const pread = libc.func('long pread(int, uintptr_t, size_t, long)');
/** unlink(2): address of the path. */
export const unlink = libc.func('int unlink(uintptr_t)');
/** statx(2): directory, address of the path, flags, mask, address of the answer (256 bytes). */
export const statx = libc.func('int statx(int, uintptr_t, int, uint32_t, uintptr_t)');
/** getdents64(2): file descriptor, address, size in bytes. */
export const getdents = libc.func('long getdents64(int, uintptr_t, size_t)');
/** mmap(2): address, size, protection, flags, file descriptor, offset. */
export const mmap = libc.func('uintptr_t mmap(uintptr_t, size_t, int, int, int, long)');
/** munmap(2): address, size. */
export const munmap = libc.func('int munmap(uintptr_t, size_t)');
/** memcpy(3): to, from, size in bytes. */
export const copy = libc.func('uintptr_t memcpy(uintptr_t, uintptr_t, size_t)');

/** `dirfd` that stands for the working directory. */
export const AT_FDCWD = -100;
/** Mask of statx(2): what stat(2) tells. */
export const STATX_BASIC_STATS = 0x7ff;
/** Protection and flags of mmap(2). */
export const PROT_READ = 1;
export const MAP_SHARED = 1;

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** Errno of the last call that returned -1. */
export const lastErrno = (): number => koffi.errno();

/** Memory with a known, constant address. */
export interface Memory {
  readonly address: number;
  readonly bytes: Buffer;
}

/** Maps zeroed memory of `size` bytes that stays until the process ends. */
export function mapMemory(size: number): Memory {
  const address: number = mmap(0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (address <= 0) throw new Error(`mmap of ${size} bytes failed with errno ${lastErrno()}`);
  return { address, bytes: Buffer.from(koffi.view(address, size)) };
}

/** Puts paths into mapped memory, each ended by NUL, and returns their addresses. */
export function mapPaths(paths: readonly string[]): number[] {
  const memory = mapMemory(paths.reduce((size, path) => size + Buffer.byteLength(path) + 1, 0));
  let offset = 0;
  return paths.map((path) => {
    const address = memory.address + offset;
    offset += memory.bytes.write(`${path}\0`, offset);
    return address;
  });
}
