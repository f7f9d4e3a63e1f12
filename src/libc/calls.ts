/**
 * The libc calls that Node lacks or wraps in exceptions.
 *
 * Guarantees: thin bindings. Pointers are plain numbers (see {@link MemoryRegion}), results are libc's own: -1 and
 * {@link lastErrno}. Nothing here allocates, throws or waits for the event loop. Does not retry on EINTR: callers on paths
 * where signals can arrive do.
 *
 * Variadic functions are declared with the arguments that we pass; on x86-64 and arm64 Linux integers travel the same way.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

/** An address, as a number. */
type Pointer = number;

function bind<Call>(prototype: string): Call {
  return libc.func(prototype) as unknown as Call;
}

/** errno of the calling thread's last libc call that failed. */
export const lastErrno: () => number = () => koffi.errno();

/** A libc result as our operations return it: the result, or the negated errno. */
export function orErrno(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

export const mmap = bind<
  (address: Pointer, size: number, protection: number, flags: number, fd: number, offset: number) => Pointer
>('uintptr_t mmap(uintptr_t, size_t, int, int, int, long)');

export const madvise = bind<(address: Pointer, size: number, advice: number) => number>(
  'int madvise(uintptr_t, size_t, int)',
);

export const read = bind<(fd: number, buffer: Pointer, size: number) => number>('long read(int, uintptr_t, size_t)');
export const write = bind<(fd: number, buffer: Pointer, size: number) => number>('long write(int, uintptr_t, size_t)');
export const pread = bind<(fd: number, buffer: Pointer, size: number, offset: number) => number>(
  'long pread64(int, uintptr_t, size_t, int64_t)',
);
export const pwrite = bind<(fd: number, buffer: Pointer, size: number, offset: number) => number>(
  'long pwrite64(int, uintptr_t, size_t, int64_t)',
);
export const poll = bind<(fds: Pointer, count: number, milliseconds: number) => number>(
  'int poll(uintptr_t, unsigned long, int)',
);
export const eventfd = bind<(initial: number, flags: number) => number>('int eventfd(unsigned int, int)');
export const ioctl = bind<(fd: number, request: number, argument: Pointer) => number>(
  'int ioctl(int, unsigned long, uintptr_t)',
);
export const fcntl = bind<(fd: number, command: number, argument: number) => number>('int fcntl(int, int, long)');
export const memfdCreate = bind<(name: Pointer, flags: number) => number>('int memfd_create(uintptr_t, unsigned int)');
export const flock = bind<(fd: number, operation: number) => number>('int flock(int, int)');
/** Ends the process at once, with threads that wait in system calls; exit(3) would wait for them. */
export const exitNow = bind<(status: number) => void>('void _exit(int)');
export const dup = bind<(fd: number) => number>('int dup(int)');
export const close = bind<(fd: number) => number>('int close(int)');
/** A bigint when it is above 2^53. */
export const lseek = bind<(fd: number, offset: number | bigint, whence: number) => number | bigint>(
  'int64_t lseek64(int, int64_t, int)',
);

export const open = bind<(path: Pointer, flags: number, mode: number) => number>(
  'int open64(uintptr_t, int, unsigned int)',
);
export const openat = bind<(directory: number, name: Pointer, flags: number, mode: number) => number>(
  'int openat64(int, uintptr_t, int, unsigned int)',
);
export const statx = bind<(directory: number, name: Pointer, flags: number, mask: number, buffer: Pointer) => number>(
  'int statx(int, uintptr_t, int, unsigned int, uintptr_t)',
);
export const fstatfs = bind<(fd: number, buffer: Pointer) => number>('int fstatfs64(int, uintptr_t)');
export const getdents = bind<(fd: number, buffer: Pointer, size: number) => number>(
  'long getdents64(int, uintptr_t, size_t)',
);
export const readlinkat = bind<(directory: number, name: Pointer, buffer: Pointer, size: number) => number>(
  'long readlinkat(int, uintptr_t, uintptr_t, size_t)',
);

export const mkdirat = bind<(directory: number, name: Pointer, mode: number) => number>(
  'int mkdirat(int, uintptr_t, unsigned int)',
);
export const mknodat = bind<(directory: number, name: Pointer, mode: number, device: number) => number>(
  'int mknodat(int, uintptr_t, unsigned int, uint64_t)',
);
export const symlinkat = bind<(target: Pointer, directory: number, name: Pointer) => number>(
  'int symlinkat(uintptr_t, int, uintptr_t)',
);
export const linkat = bind<
  (fromDirectory: number, from: Pointer, toDirectory: number, to: Pointer, flags: number) => number
>('int linkat(int, uintptr_t, int, uintptr_t, int)');
export const unlinkat = bind<(directory: number, name: Pointer, flags: number) => number>(
  'int unlinkat(int, uintptr_t, int)',
);
export const renameat2 = bind<
  (fromDirectory: number, from: Pointer, toDirectory: number, to: Pointer, flags: number) => number
>('int renameat2(int, uintptr_t, int, uintptr_t, unsigned int)');

export const ftruncate = bind<(fd: number, size: number | bigint) => number>('int ftruncate64(int, int64_t)');
export const truncate = bind<(path: Pointer, size: number | bigint) => number>('int truncate64(uintptr_t, int64_t)');
export const fchmod = bind<(fd: number, mode: number) => number>('int fchmod(int, unsigned int)');
export const chmod = bind<(path: Pointer, mode: number) => number>('int chmod(uintptr_t, unsigned int)');
export const fchown = bind<(fd: number, uid: number, gid: number) => number>(
  'int fchown(int, unsigned int, unsigned int)',
);
export const fchownat = bind<(directory: number, name: Pointer, uid: number, gid: number, flags: number) => number>(
  'int fchownat(int, uintptr_t, unsigned int, unsigned int, int)',
);
export const utimensat = bind<(directory: number, name: Pointer, times: Pointer, flags: number) => number>(
  'int utimensat(int, uintptr_t, uintptr_t, int)',
);

export const getxattr = bind<(path: Pointer, name: Pointer, value: Pointer, size: number) => number>(
  'long getxattr(uintptr_t, uintptr_t, uintptr_t, size_t)',
);
export const setxattr = bind<(path: Pointer, name: Pointer, value: Pointer, size: number, flags: number) => number>(
  'int setxattr(uintptr_t, uintptr_t, uintptr_t, size_t, int)',
);
export const listxattr = bind<(path: Pointer, list: Pointer, size: number) => number>(
  'long listxattr(uintptr_t, uintptr_t, size_t)',
);
export const removexattr = bind<(path: Pointer, name: Pointer) => number>('int removexattr(uintptr_t, uintptr_t)');

export const nameToHandleAt = bind<
  (directory: number, name: Pointer, handle: Pointer, mountId: Pointer, flags: number) => number
>('int name_to_handle_at(int, uintptr_t, uintptr_t, uintptr_t, int)');
export const openByHandleAt = bind<(mountFd: number, handle: Pointer, flags: number) => number>(
  'int open_by_handle_at(int, uintptr_t, int)',
);

export const mount = bind<(source: Pointer, target: Pointer, type: Pointer, flags: number, data: Pointer) => number>(
  'int mount(uintptr_t, uintptr_t, uintptr_t, unsigned long, uintptr_t)',
);

/** Waits for nobody with MNT_DETACH; for a mount of ours there is {@link umountSlow}. */
export const umount = bind<(target: Pointer, flags: number) => number>('int umount2(uintptr_t, int)');

/** Per thread, but only after {@link unshare} of CLONE_FS; shared by the whole process before. */
export const umask = bind<(mask: number) => number>('unsigned int umask(unsigned int)');
export const unshare = bind<(flags: number) => number>('int unshare(int)');
/** Per thread, without {@link unshare}. */
export const setfsgid = bind<(gid: number) => number>('int setfsgid(unsigned int)');
export const capget = bind<(header: Pointer, data: Pointer) => number>('int capget(uintptr_t, uintptr_t)');
export const capset = bind<(header: Pointer, data: Pointer) => number>('int capset(uintptr_t, uintptr_t)');

const SYS_openat2 = 437; // the same number on every architecture

const syscall4 = bind<(number: number, a: number, b: Pointer, c: Pointer, d: number) => number>(
  'long syscall(long, long, uintptr_t, uintptr_t, size_t)',
);

/** openat2(2), which glibc does not wrap. `how` points at `{u64 flags, u64 mode, u64 resolve}`. */
export function openat2(directory: number, name: Pointer, how: Pointer): number {
  return syscall4(SYS_openat2, directory, name, how, 24);
}

const syscall6 = bind<(number: number, a: Pointer, b: number, c: number, d: number, e: Pointer, f: number) => number>(
  'long syscall(long, uintptr_t, long, long, long, uintptr_t, long)',
);

const SYS_futex = process.arch === 'arm64' ? 98 : 202;

/** futex(2) on the 32-bit word at an address, without a timeout. */
export function futex(word: Pointer, operation: number, value: number): number {
  return syscall6(SYS_futex, word, operation, value, 0, 0, 0);
}

const SYS_io_uring_setup = 425; // as are the next two, the same number on every architecture
const SYS_io_uring_enter = 426;
const SYS_io_uring_register = 427;

/** io_uring_setup(2). `parameters` points at a `struct io_uring_params`. */
export function ioUringSetup(entries: number, parameters: Pointer): number {
  return syscall4(SYS_io_uring_setup, entries, parameters, 0, 0);
}

/** io_uring_register(2). */
export function ioUringRegister(ringFd: number, operation: number, argument: Pointer, count: number): number {
  return syscall6(SYS_io_uring_register, ringFd, operation, argument, count, 0, 0);
}

/** io_uring_enter(2), without a signal mask. */
export function ioUringEnter(ringFd: number, toSubmit: number, minComplete: number, flags: number): number {
  return syscall6(SYS_io_uring_enter, ringFd, toSubmit, minComplete, flags, 0, 0);
}

/** Thread 0 is the calling one. */
export const schedSetaffinity = bind<(thread: number, size: number, mask: Pointer) => number>(
  'int sched_setaffinity(int, size_t, uintptr_t)',
);

export const schedSetscheduler = bind<(thread: number, policy: number, parameters: Pointer) => number>(
  'int sched_setscheduler(int, int, uintptr_t)',
);

/** A call that may block for long, run on libuv's thread pool; the callback gets the result, or the negated errno. */
type SlowCall<Arguments extends unknown[]> = (...args: [...Arguments, (result: number) => void]) => void;

/** koffi hands the pool thread's errno over to the thread that runs the callback. */
function bindSlow<Arguments extends unknown[]>(prototype: string): SlowCall<Arguments> {
  const call = libc.func(prototype);
  return (...args) => {
    const done = args.pop() as (result: number) => void;
    call.async(...args, (error: Error | null, result: number) => {
      done(error === null ? orErrno(result) : -5);
    });
  };
}

export const fsyncSlow = bindSlow<[fd: number]>('int fsync(int)');
export const fdatasyncSlow = bindSlow<[fd: number]>('int fdatasync(int)');
export const syncfsSlow = bindSlow<[fd: number]>('int syncfs(int)');
export const fallocateSlow = bindSlow<[fd: number, mode: number, offset: bigint, length: bigint]>(
  'int fallocate64(int, int, int64_t, int64_t)',
);
/** The offsets are addresses of 64-bit integers, which the call moves on. */
export const copyFileRangeSlow = bindSlow<
  [fromFd: number, fromOffset: BigInt64Array, toFd: number, toOffset: BigInt64Array, length: number, flags: number]
>('long copy_file_range(int, int64_t *, int, int64_t *, size_t, unsigned int)');
export const umountSlow = bindSlow<[target: Pointer, flags: number]>('int umount2(uintptr_t, int)');
