/**
 * Memory that is mapped from a file, and aligned memory for direct I/O.
 *
 * Guarantees: reads and writes of a {@link Mapping} are plain memory accesses, without a system call. Does not check
 * bounds.
 */
import { checked, libc } from '../../harness/libc.js';

const mmap = libc.func('uintptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)');
const munmap = libc.func('int munmap(uintptr_t, size_t)');
const msync = libc.func('int msync(uintptr_t, size_t, int)');
const copyIn = libc.func('uintptr_t memcpy(uintptr_t, const void *, size_t)');
const copyOut = libc.func('uintptr_t memcpy(void *, uintptr_t, size_t)');
const preadCall = libc.func('int64_t pread64(int, uintptr_t, size_t, int64_t)');
const pwriteCall = libc.func('int64_t pwrite64(int, uintptr_t, size_t, int64_t)');

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_ANONYMOUS = 0x20;
const MS_SYNC = 4;

/** How the file and the memory hang together. */
export const MapKind = { shared: 1, private: 2 } as const;

const FAILED = 2 ** 64 - 1;

export class Mapping {
  private constructor(
    readonly address: number,
    readonly length: number,
  ) {}

  /** mmap(2) of the beginning of a file. */
  static of(fd: number, length: number, kind: number, writable: boolean): Mapping {
    return Mapping.make(length, writable ? PROT_READ | PROT_WRITE : PROT_READ, kind, fd);
  }

  /** Memory that begins at a page's start. */
  static anonymous(length: number): Mapping {
    return Mapping.make(length, PROT_READ | PROT_WRITE, MapKind.private | MAP_ANONYMOUS, -1);
  }

  private static make(length: number, protection: number, flags: number, fd: number): Mapping {
    const address = Number(mmap(0, length, protection, flags, fd, 0));
    checked(address === FAILED ? -1 : 0, 'mmap');
    return new Mapping(address, length);
  }

  write(offset: number, bytes: string | Buffer): void {
    copyIn(this.address + offset, Buffer.from(bytes), Buffer.from(bytes).length);
  }

  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    copyOut(bytes, this.address + offset, length);
    return bytes;
  }

  sync(): void {
    checked(msync(this.address, this.length, MS_SYNC), 'msync');
  }

  unmap(): void {
    checked(munmap(this.address, this.length), 'munmap');
  }

  /** pread(2) of `size` bytes into the memory's beginning. */
  readFrom(fd: number, size: number, offset: number): number {
    return Number(checked(preadCall(fd, this.address, size, offset), 'pread'));
  }

  /** pwrite(2) of `size` bytes of the memory's beginning. */
  writeTo(fd: number, size: number, offset: number): number {
    return Number(checked(pwriteCall(fd, this.address, size, offset), 'pwrite'));
  }
}
