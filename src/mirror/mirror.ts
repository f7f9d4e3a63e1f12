/**
 * The mirror as the operations share it: its nodes, its open handles, and who asks.
 *
 * Guarantees: everything happens beneath the root directory that was opened at start, whatever becomes of its path. One
 * thread uses it at a time. Operations return 0 or more, or a negated errno, and leave the status that they found in
 * `status`. Does not know how requests arrive (see `src/fuse/`) nor what is captured of them (see `capture/`).
 */
import { close, dup, lastErrno, open, openat2, orErrno } from '../libc/calls.js';
import { Errno, errnoName } from '../libc/errno.js';
import { FileStatus } from '../libc/file-status.js';
import {
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { crashAt } from '../recovery/crash-point.js';
import { IdleBackings } from '../recovery/idle-backings.js';
import { Intents } from '../recovery/intents.js';
import { TextPool } from '../recovery/text-pool.js';
import type { Caller } from './caller.js';
import type { EntryName } from './entry-name.js';
import { HandleRecords } from './handle-records.js';
import { HandleTable } from './handle-table.js';
import type { Node } from './node.js';
import { NodeRecords } from './node-records.js';
import { NodeTable, RESERVED_DESCRIPTORS } from './node-table.js';
import { OpenDescriptors } from './open-descriptors.js';

/** Word offsets into `struct open_how`: u64 flags, u64 mode, u64 resolve. */
const How = { flags: 0, mode: 2, resolve: 4 } as const;

/** Longest path of one system call (limits.h). */
const PATH_MAX = 4096;

/** Scratch: `struct open_how` first, behind it text such as `/proc/self/fd/N`. */
const PROC_PATH_OFFSET = 64;

/** What the next server needs. */
export interface MirrorRecords {
  readonly intents: Intents;
  readonly nodes: NodeRecords;
  readonly handles: HandleRecords;
  readonly backings: IdleBackings;
}

/** For a server that none will follow. */
function privateRecords(): MirrorRecords {
  const texts = new TextPool();
  return {
    intents: new Intents(),
    nodes: new NodeRecords(texts),
    handles: new HandleRecords(texts),
    backings: new IdleBackings(),
  };
}

export class Mirror {
  readonly nodes: NodeTable;
  readonly handles: HandleTable;
  readonly status = new FileStatus();
  /** How far the request in progress is. */
  readonly intents: Intents;
  /** Files that the kernel still has for opens to come. */
  readonly idleBackings: IdleBackings;
  private readonly scratch = new MemoryRegion(256);

  /** The request in progress asks for the nodes of many entries. */
  countsMany = false;

  /** Lowest descriptor that an open file may not get: the next one free is always the lowest. */
  readonly descriptorLimit: number;

  /**
   * @param rootFd - the mirror's root directory, open for reading
   * @param maxDescriptors - how many descriptors nodes may hold between requests: half of what the process may open
   * @param descriptors - of the open files, where other threads are to find them
   */
  constructor(
    readonly rootFd: number,
    readonly caller: Caller,
    private readonly maxDescriptors: number,
    descriptors: OpenDescriptors = new OpenDescriptors(),
    records: MirrorRecords = privateRecords(),
  ) {
    this.intents = records.intents;
    this.idleBackings = records.backings;
    this.handles = new HandleTable(descriptors, records.handles);
    // Half of the reserve: chunks and slow calls have the other half even when files have used up theirs.
    this.descriptorLimit = Math.max(maxDescriptors, 2 * maxDescriptors - RESERVED_DESCRIPTORS / 2);
    const failed = this.status.readFd(rootFd);
    if (failed < 0) throw new Error(`the mirror's root can't be read: ${errnoName(lastErrno())}`);
    this.nodes = new NodeTable(rootFd, this.status, maxDescriptors, records.nodes);
  }

  /**
   * Takes over from the last server: its nodes and its handles.
   * @returns how many handles are lost, because their inode can't be opened any more
   */
  restore(): number {
    this.nodes.restore((path) => this.openPath(path));
    const lost = this.handles.restore(
      (id) => this.nodes.get(id),
      (node, openFlags, isDirectory) => this.reopen(node, openFlags, isDirectory),
    );
    this.intents.restore(
      (id) => this.nodes.get(id)?.lookups,
      (handle) => this.handles.file(handle) !== undefined,
    );
    return lost;
  }

  /** @param path - beneath the root, with a leading slash */
  private openPath(path: string): number {
    if (path.length >= PATH_MAX) return -Errno.ENAMETOOLONG;
    return this.openEntry(this.rootFd, new MemoryRegion(PATH_MAX).putString(0, `.${path}`), O_PATH, 0);
  }

  private reopen(node: Node, openFlags: number, isDirectory: boolean): number {
    const nodeFd = this.nodes.fdOf(node);
    if (nodeFd < 0) return nodeFd;
    const flags = isDirectory ? O_RDONLY | O_DIRECTORY : openFlags;
    const fd = orErrno(open(this.procPath(nodeFd), flags | O_CLOEXEC, 0));
    // The last server had not both of them open for each file either.
    this.trim(0);
    return fd;
  }

  /** O_PATH (or the root's) descriptor of a node id; -ESTALE for one that the kernel was never told. */
  fdOf(id: number): number {
    const node = this.nodes.get(id);
    return node === undefined ? -Errno.ESTALE : this.nodes.fdOf(node);
  }

  /** How many descriptors others than nodes and open files may hold between requests: what these leave, and a few in any case. */
  get descriptorsForOthers(): number {
    const held = this.handles.openCount + this.nodes.heldCount;
    return Math.max(RESERVED_DESCRIPTORS / 16, 2 * this.maxDescriptors - RESERVED_DESCRIPTORS - held);
  }

  /**
   * Lets descriptors of nodes go where there are too many; to be called between requests.
   * @param others - descriptors that neither nodes nor open files hold
   */
  trim(others: number): void {
    this.nodes.trim(this.handles.openCount + others);
  }

  /**
   * Whether an open file may have one more descriptor: to be asked before an open that changes the file, as it could not be
   * undone. Any descriptor will do to try with.
   * @returns 0 or a negated errno
   */
  tryDescriptor(some: number): number {
    const fd = orErrno(dup(some));
    if (fd < 0) return fd;
    close(fd);
    return fd < this.descriptorLimit ? 0 : -Errno.ENFILE;
  }

  /**
   * Opens an entry of a directory, and nothing but an entry of that directory: the kernel refuses symbolic links and any
   * way out (openat2(2)), whatever the name holds.
   * @returns a descriptor or a negated errno
   */
  openEntry(directory: number, name: number, flags: number, mode: number): number {
    const { words } = this.scratch;
    words[How.flags] = flags | O_CLOEXEC | O_NOFOLLOW;
    words[How.mode] = mode;
    words[How.resolve] = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return orErrno(openat2(directory, name, this.scratch.address));
  }

  /**
   * `/proc/self/fd/N`: how an O_PATH descriptor is opened, chmodded or truncated. The link leads to the inode itself,
   * whatever its names are by now (proc(5)).
   */
  procPath(fd: number): number {
    return this.scratch.putString(PROC_PATH_OFFSET, `/proc/self/fd/${fd}`);
  }

  /**
   * The node of an entry, with one more lookup for the kernel to forget; `status` is its status.
   * @returns the node or a negated errno
   */
  resolveEntry(parent: Node, name: EntryName): Node | number {
    const directory = this.nodes.fdOf(parent);
    if (directory < 0) return directory;
    const missing = this.status.readEntry(directory, name.address);
    if (missing < 0) return missing;
    const node =
      this.nodes.findOpen(this.status) ??
      this.nodes.adoptUnopened(directory, name.address, this.status) ??
      this.openNode(directory, name);
    if (typeof node === 'number') return node;
    this.intents.count(node, this.countsMany);
    node.lookups++;
    crashAt?.('counted');
    const unnamed = node.addLink(parent, name.text);
    if (unnamed !== undefined) this.nodes.releaseIfUnused(unnamed);
    return node;
  }

  private openNode(directory: number, name: EntryName): Node | number {
    const fd = this.openEntry(directory, name.address, O_PATH, 0);
    if (fd < 0) return fd;
    // Read again through the descriptor: only then status and inode are certainly the same thing.
    const failed = this.status.readFd(fd);
    if (failed < 0) {
      close(fd);
      return failed;
    }
    return this.nodes.adopt(fd, this.status);
  }
}
