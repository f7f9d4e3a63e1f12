/**
 * Requests as a kernel would send them, about things that the server told of, with arguments that sometimes make no sense.
 *
 * Guarantees: the compiler refuses this file when it lacks a request of the protocol. What it makes is well-formed, apart
 * from the values; `fuzz-mutations.ts` breaks it.
 */
import { constants } from 'node:fs';
import { InitFlag } from '../../src/fuse/layout.js';
import { MAX_WRITE } from '../../src/fuse/negotiation.js';
import { Opcode, type OpcodeName } from '../../src/fuse/opcode.js';
import { Body } from './fuzz-body.js';
import type { Random } from './fuzz-random.js';

/** What the server has told so far: node ids, file handles of files and of directories. */
export interface Known {
  readonly nodes: number[];
  readonly files: number[];
  readonly directories: number[];
}

/** A request before it is encoded. */
export interface Draft {
  readonly opcode: OpcodeName;
  readonly nodeId: bigint;
  readonly body: Buffer;
}

const limits = [0n, 1n, 2n, 7n, 255n, 4095n, 4096n, 65_536n, 2n ** 20n, 2n ** 20n + 1n, 2n ** 31n - 1n, 2n ** 31n];
const largeLimits = [32n, 44n, 52n, 53n, 62n, 63n, 64n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits]);
/** Values at which something wraps, overflows or ceases to be exact. */
export const interesting: readonly bigint[] = [...limits, ...largeLimits, -1n, -2n, -4096n];

const plainNames = ['a', 'b', 'c', 'd', 'e', 'app.log', 'x.log', 'link', 'pipe', 'ä', 'with space'].map((name) =>
  Buffer.from(name),
);
const longest = 255;
const strangeNames = [
  '',
  '.',
  '..',
  '/',
  'a/b',
  '../canary',
  '../canary/made',
  '/etc/hostname',
  'd/../../canary/made',
  '...',
  'n'.repeat(longest),
  'n'.repeat(longest + 1),
  'n'.repeat(5000),
  '\xff\xfe\x80',
  'line\nbreak',
].map((name) => Buffer.from(name, 'latin1'));

const types = [0, constants.S_IFREG, constants.S_IFREG, constants.S_IFIFO, constants.S_IFSOCK, constants.S_IFDIR];
const otherTypes = [constants.S_IFCHR, constants.S_IFBLK, constants.S_IFLNK, 0o170000];
const accessModes = [constants.O_RDONLY, constants.O_WRONLY, constants.O_RDWR, 3];
const openFlags = [constants.O_APPEND, constants.O_TRUNC, constants.O_EXCL, constants.O_SYNC, constants.O_DIRECT];
const moreOpenFlags = [constants.O_DIRECTORY, constants.O_NOFOLLOW, constants.O_NONBLOCK, constants.O_CREAT, 1 << 30];
const ioctls = [0x80086601, 0x40086602, 0x801c581f, 0x401c5820, 0x5401, 0xffffffff];
const attributeNames = ['user.a', 'user.b', 'system.posix_acl_access', 'security.a', 'trusted.a', 'user.', 'x'];

export class RequestMaker {
  constructor(
    private readonly random: Random,
    private readonly known: Known,
  ) {}

  /** Any request of the protocol. */
  make(): Draft {
    const names = Object.keys(Opcode) as OpcodeName[];
    // Half of them are about names and open files: otherwise there would soon be nothing left to ask about.
    const often: OpcodeName[] = ['LOOKUP', 'CREATE', 'OPEN', 'OPENDIR', 'WRITE', 'READ', 'READDIRPLUS', 'MKDIR'];
    const opcode = this.random.pick(this.random.chance(0.5) ? often : names);
    return { opcode, nodeId: this.node(), body: this.bodies[opcode]() };
  }

  private node(): bigint {
    if (this.random.chance(0.05)) return this.number64();
    return this.random.chance(0.4) ? 1n : BigInt(this.random.pick([1, ...this.known.nodes]));
  }

  /** Mostly a handle of the wanted kind, at times one of the other kind, or none that was ever given. */
  private handle(kind: 'files' | 'directories'): bigint {
    const other = kind === 'files' ? 'directories' : 'files';
    const known = this.known[this.random.chance(0.1) ? other : kind];
    if (known.length === 0 || this.random.chance(0.05)) return this.number64();
    return BigInt(this.random.pick(known));
  }

  private name(): Buffer {
    return this.random.pick(this.random.chance(0.1) ? strangeNames : plainNames);
  }

  private number64(): bigint {
    return this.random.pick(interesting);
  }

  private number32(): number {
    return this.random.chance(0.3) ? this.random.u32() : Number(BigInt.asUintN(32, this.number64()));
  }

  private offset(): bigint {
    return this.random.chance(0.7) ? BigInt(this.random.below(20_000)) : this.number64();
  }

  private size(): number {
    return this.random.chance(0.8) ? this.random.below(10_000) : this.number32();
  }

  private mode(): number {
    return this.random.pick(this.random.chance(0.1) ? otherTypes : types) | this.random.below(0o10000);
  }

  private flags(): number {
    const [one, other] = [this.random.pick(openFlags), this.random.pick(moreOpenFlags)];
    const access = this.random.pick(accessModes);
    return access | (this.random.chance(0.4) ? one : 0) | (this.random.chance(0.1) ? other : 0);
  }

  private named(): Buffer {
    return new Body().name(this.name()).done();
  }

  private readInto(kind: 'files' | 'directories'): Buffer {
    return new Body().u64(this.handle(kind)).u64(this.offset()).u32(this.size()).zeros(20).done();
  }

  private release(kind: 'files' | 'directories'): Buffer {
    return new Body().u64(this.handle(kind)).zeros(16).done();
  }

  private sync(kind: 'files' | 'directories'): Buffer {
    return new Body().u64(this.handle(kind)).u32(this.random.below(2)).zeros(4).done();
  }

  private setattr(): Buffer {
    const body = new Body().u32(this.random.chance(0.5) ? 1 << this.random.below(12) : this.random.below(1 << 12));
    body.zeros(4).u64(this.handle('files')).u64(this.offset()).zeros(8);
    for (let time = 0; time < 3; time++) body.u64(this.random.chance(0.8) ? 1_700_000_000n : this.number64());
    for (let time = 0; time < 3; time++) body.u32(this.random.chance(0.8) ? 1 : this.number32());
    const owner = () => (this.random.chance(0.8) ? 0 : this.number32());
    return body.u32(this.mode()).zeros(4).u32(owner()).u32(owner()).zeros(4).done();
  }

  private write(): Buffer {
    const length = this.random.chance(0.02) ? MAX_WRITE : this.random.below(600);
    const size = this.random.chance(0.9) ? length : this.number32();
    const body = new Body().u64(this.handle('files')).u64(this.offset()).u32(size);
    body.u32(this.random.chance(0.8) ? 0 : this.random.below(8)).zeros(8);
    return body.u32(this.flags()).zeros(4).bytes(Buffer.alloc(length, 'a line of a log\n')).done();
  }

  private batchForget(): Buffer {
    const count = this.random.below(4);
    const body = new Body().u32(this.random.chance(0.7) ? count : this.number32()).zeros(4);
    for (let i = 0; i < count; i++) body.u64(this.node()).u64(this.random.chance(0.8) ? 1n : this.number64());
    return body.done();
  }

  private setxattr(): Buffer {
    const length = this.random.below(100);
    const size = this.random.chance(0.8) ? length : this.number32();
    const body = new Body().u32(size).u32(this.random.below(4));
    if (this.random.chance(0.8)) body.u32(this.random.below(2)).zeros(4);
    return body.bytes(this.attributeName()).bytes(Buffer.alloc(length, 'v')).done();
  }

  private attributeName(): Buffer {
    const name = this.random.chance(0.1) ? this.name() : Buffer.from(this.random.pick(attributeNames));
    return new Body().name(name).done();
  }

  private ioctl(): Buffer {
    const length = this.random.below(80);
    const body = new Body().u64(this.handle('files')).u32(this.random.below(8)).u32(this.random.pick(ioctls)).u64(0n);
    const size = () => (this.random.chance(0.7) ? length : this.number32());
    return body.u32(size()).u32(size()).bytes(this.random.bytes(length)).done();
  }

  private fallocate(): Buffer {
    const body = new Body().u64(this.handle('files')).u64(this.offset()).u64(this.offset());
    return body
      .u32(this.random.chance(0.8) ? this.random.below(128) : this.number32())
      .zeros(4)
      .done();
  }

  private copyFileRange(): Buffer {
    const body = new Body().u64(this.handle('files')).u64(this.offset()).u64(this.node()).u64(this.handle('files'));
    return body
      .u64(this.offset())
      .u64(this.random.chance(0.8) ? 100n : this.number64())
      .u64(this.random.below(2))
      .done();
  }

  private rename(fixed: (body: Body) => Body): Buffer {
    return fixed(new Body().u64(this.node())).name(this.name()).name(this.name()).done();
  }

  private init(): Buffer {
    const flags = this.random.chance(0.7) ? this.random.u32() | InitFlag.initExt : this.number32();
    const minor = this.random.chance(0.8) ? 45 : this.number32();
    return new Body().u32(7).u32(minor).u32(131_072).u32(flags).u32(this.random.u32()).zeros(44).done();
  }

  private readonly anything = (): Buffer => this.random.bytes(this.random.below(120));

  private readonly bodies: Readonly<Record<OpcodeName, () => Buffer>> = {
    LOOKUP: () => this.named(),
    FORGET: () => new Body().u64(this.random.chance(0.8) ? 1n : this.number64()).done(),
    GETATTR: () => new Body().u32(this.random.below(2)).zeros(4).u64(this.handle('files')).done(),
    SETATTR: () => this.setattr(),
    READLINK: () => Buffer.alloc(0),
    SYMLINK: () => new Body().name(this.name()).name(this.name()).done(),
    MKNOD: () => new Body().u32(this.mode()).u32(this.number32()).u32(0o22).zeros(4).name(this.name()).done(),
    MKDIR: () => new Body().u32(this.mode()).u32(this.number32()).name(this.name()).done(),
    UNLINK: () => this.named(),
    RMDIR: () => this.named(),
    RENAME: () => this.rename((body) => body),
    RENAME2: () =>
      this.rename((body) => body.u32(this.random.chance(0.8) ? this.random.below(8) : this.number32()).zeros(4)),
    LINK: () => new Body().u64(this.node()).name(this.name()).done(),
    OPEN: () => new Body().u32(this.flags()).u32(this.random.below(2)).done(),
    READ: () => this.readInto('files'),
    WRITE: () => this.write(),
    STATFS: () => Buffer.alloc(0),
    RELEASE: () => this.release('files'),
    FSYNC: () => this.sync('files'),
    SETXATTR: () => this.setxattr(),
    GETXATTR: () => new Body().u32(this.size()).zeros(4).bytes(this.attributeName()).done(),
    LISTXATTR: () => new Body().u32(this.size()).zeros(4).done(),
    REMOVEXATTR: () => this.attributeName(),
    FLUSH: () => this.release('files'),
    INIT: () => this.init(),
    OPENDIR: () => new Body().u32(this.flags()).zeros(4).done(),
    READDIR: () => this.readInto('directories'),
    RELEASEDIR: () => this.release('directories'),
    FSYNCDIR: () => this.sync('directories'),
    GETLK: this.anything,
    SETLK: this.anything,
    SETLKW: this.anything,
    ACCESS: this.anything,
    CREATE: () => {
      const body = new Body().u32(this.flags()).u32(this.mode()).u32(this.number32()).u32(this.random.below(2));
      return body.name(this.name()).done();
    },
    INTERRUPT: () => new Body().u64(this.number64()).done(),
    BMAP: this.anything,
    DESTROY: () => Buffer.alloc(0),
    IOCTL: () => this.ioctl(),
    POLL: this.anything,
    NOTIFY_REPLY: this.anything,
    BATCH_FORGET: () => this.batchForget(),
    FALLOCATE: () => this.fallocate(),
    READDIRPLUS: () => this.readInto('directories'),
    LSEEK: () => new Body().u64(this.handle('files')).u64(this.offset()).u32(this.random.below(8)).zeros(4).done(),
    COPY_FILE_RANGE: () => this.copyFileRange(),
    SETUPMAPPING: this.anything,
    REMOVEMAPPING: this.anything,
    SYNCFS: () => Buffer.alloc(8),
    TMPFILE: this.anything,
    STATX: () => new Body().u32(this.random.below(2)).zeros(4).u64(this.handle('files')).u32(0).u32(0xfff).done(),
  };
}
