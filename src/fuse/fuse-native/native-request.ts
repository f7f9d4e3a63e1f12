/**
 * The request that is being served, as the addon holds it for libfuse.
 *
 * The package drops much of what libfuse tells it: bytes of names that are not UTF-8, nanoseconds, 64-bit inode numbers, the
 * flags of create, the mtime of utimens (it passes atime twice), whether a page or a program is written. But every handler
 * is called with the addon's own record of the request, a `fuse_thread_locals_t` of fuse-native.c, whose pointers are good
 * until the answer. So we read requests from there, and write answers that don't fit through the package to where libfuse
 * wants them.
 *
 * Guarantees: a record of another size than the one whose layout we know is refused before anything is read from it.
 */
import { orErrno } from '../../libc/calls.js';
import { MemoryRegion } from '../../libc/memory.js';
import type { DirectoryEntry } from '../../mirror/directory-reader.js';
import { callFiller, copyMemory, fstatvfs, Stat, statEntry, statFd } from './native-calls.js';

/** Byte offsets into `fuse_thread_locals_t` of fuse-native 2.2, on 64-bit Linux. */
const Field = {
  path: 24,
  dest: 32,
  linkname: 40,
  info: 48,
  buf: 56,
  offset: 64,
  len: 72,
  mode: 80,
  dev: 88,
  uid: 96,
  gid: 100,
  atime: 104,
  mtime: 112,
  name: 128,
  value: 136,
  list: 144,
  size: 152,
  flags: 164,
  stat: 168,
  statvfs: 176,
  filler: 184,
  length: 360,
} as const;

/** Byte offsets into `struct fuse_file_info` of libfuse 2.9. */
const Info = { flags: 0, writepage: 16, fh: 24, size: 40 } as const;

const TWO_32 = 2 ** 32;

/** More than any answer that the package copies. */
const SINK_SIZE = 16 * 1024;

export class NativeRequest {
  private record: Buffer = Buffer.alloc(Field.length);
  private readonly info = new MemoryRegion(Info.size);
  private readonly status = new MemoryRegion(Stat.size);
  /** Where the package may write its own version of an answer that we have given already. */
  private readonly sink = new MemoryRegion(SINK_SIZE);

  /** Whether a record has the layout that we know. */
  static knows(record: Buffer): boolean {
    return record.length === Field.length && (process.arch === 'x64' || process.arch === 'arm64');
  }

  /** Makes this show the request in `record`. */
  use(record: Buffer): void {
    this.record = record;
  }

  private u32(offset: number): number {
    return this.record.readUInt32LE(offset);
  }

  private u64(offset: number): number {
    return this.u32(offset) + this.u32(offset + 4) * TWO_32;
  }

  /** Addresses of NUL-terminated text. For a symbolic link `path` is the target and `dest` the new name. */
  get path(): number {
    return this.u64(Field.path);
  }
  get dest(): number {
    return this.u64(Field.dest);
  }
  /** Name of an extended attribute. */
  get name(): number {
    return this.u64(Field.name);
  }

  /** Address and size of the data to write, or of the room for data to read. */
  get data(): number {
    return this.u64(Field.buf);
  }
  get dataSize(): number {
    return this.u64(Field.len);
  }
  /** Position of a read or write; the new size of a truncation. */
  get offset(): number {
    return this.u64(Field.offset);
  }
  get mode(): number {
    return this.u32(Field.mode);
  }
  get device(): number {
    return this.u64(Field.dev);
  }
  get uid(): number {
    return this.u32(Field.uid);
  }
  get gid(): number {
    return this.u32(Field.gid);
  }
  /** fsync: only the data; the package keeps it in the field of the mode. */
  get dataOnly(): boolean {
    return this.mode !== 0;
  }

  /** Milliseconds since 1970, possibly negative: all that the addon keeps of a time. */
  get atime(): bigint {
    return this.record.readBigInt64LE(Field.atime);
  }
  get mtime(): bigint {
    return this.record.readBigInt64LE(Field.mtime);
  }

  /** Of an extended attribute: where its value is, or goes to; the value's size, or the room; XATTR_CREATE, XATTR_REPLACE. */
  get value(): number {
    return this.u64(Field.value);
  }
  get list(): number {
    return this.u64(Field.list);
  }
  get valueSize(): number {
    return this.u64(Field.size);
  }
  get valueFlags(): number {
    return this.u32(Field.flags);
  }

  /** Flags of open(2), of an open, a creation or a write. */
  get openFlags(): number {
    return this.takeInfo().readUInt32LE(Info.flags);
  }
  /** The handle that {@link NativeRequest} answered an open with. */
  get handle(): number {
    return this.takeInfo().readUInt32LE(Info.fh);
  }
  /** A page is written that a program changed through a mapping. */
  get isPageWrite(): boolean {
    return this.takeInfo().readInt32LE(Info.writepage) !== 0;
  }

  private takeInfo(): Buffer {
    copyMemory(this.info.address, this.u64(Field.info), Info.size);
    return this.info.bytes;
  }

  /** Answers with an entry's status. @returns 0 or a negated errno */
  putEntryStatus(directory: number, name: number): number {
    return statEntry(directory, name, this.divert(Field.stat));
  }

  /** Answers with an inode's status. @returns 0 or a negated errno */
  putStatus(fd: number): number {
    return statFd(fd, this.divert(Field.stat));
  }

  /** The same for a file that libfuse has hidden: it counts one name less than it is told, for the one that it knows. */
  putHiddenStatus(fd: number): number {
    const { address, bytes } = this.status;
    const failed = statFd(fd, address);
    const links = bytes.readUInt32LE(Stat.nlink);
    if (links > 0) bytes.writeUInt32LE(links + 1, Stat.nlink);
    copyMemory(this.divert(Field.stat), address, Stat.size);
    return failed;
  }

  /** Answers with the figures of the file system that holds `fd`. @returns 0 or a negated errno */
  putFileSystem(fd: number): number {
    return orErrno(fstatvfs(fd, this.divert(Field.statvfs)));
  }

  /** Room for a link's target, its NUL included. */
  get linkRoom(): number {
    return this.dataSize;
  }

  /** Answers with a link's target, `length` bytes of `region` with a NUL behind. */
  putLink(region: MemoryRegion, length: number): void {
    copyMemory(this.divert(Field.linkname), region.address, length + 1);
  }

  /** Answers with one more entry of a directory. @returns whether there was room */
  putDirectoryEntry(entry: DirectoryEntry): boolean {
    const { bytes } = this.status;
    bytes.writeUInt32LE(entry.inoLow, Stat.ino);
    bytes.writeUInt32LE(entry.inoHigh, Stat.ino + 4);
    // DT_* of readdir(3) are the file type bits of the mode, shifted down.
    bytes.writeUInt32LE(entry.type << 12, Stat.mode);
    return callFiller(this.u64(Field.filler), this.data, entry.name.address, this.status.address) === 0;
  }

  /**
   * The address that an answer goes to. The record gets another in its place: the package will put what little it knows
   * of the answer there, when we tell it that all is well.
   */
  private divert(field: number): number {
    const address = this.u64(field);
    this.record.writeBigUInt64LE(BigInt(this.sink.address), field);
    return address;
  }
}
