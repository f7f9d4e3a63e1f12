/**
 * The nodes that the kernel knows, by node id and by inode.
 *
 * Guarantees: one inode is one node, through all its hard links; a node id never changes its inode. A node has an O_PATH
 * descriptor only when an operation needs it: it is opened from its file handle (name_to_handle_at(2)), which follows
 * renames. Between requests at most `maxDescriptors` are open: beyond it those open for longest are closed. An inode with an
 * open descriptor can't be reused for another file; one without is compared by its file handle, which carries the inode's
 * generation.
 *
 * Where there are no file handles (the file system gives none, or the server lacks CAP_DAC_READ_SEARCH to open by them) a
 * node is opened by its name at once, and keeps its descriptor; the next server opens it by its path.
 *
 * What the next server has to know of them is written through to {@link NodeRecords}.
 */
import { close, nameToHandleAt, openByHandleAt, orErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { FileStatus, inodeKeyOf } from '../libc/file-status.js';
import { AT_EMPTY_PATH, O_CLOEXEC, O_NOFOLLOW, O_PATH } from '../libc/flags.js';
import { emptyString, MemoryRegion } from '../libc/memory.js';
import { TextPool } from '../recovery/text-pool.js';
import { Node, ROOT_ID } from './node.js';
import { NodeRecords, type RecordedNode } from './node-records.js';

/** `struct file_handle`: u32 size of the opaque part, i32 type, then the opaque bytes (MAX_HANDLE_SZ = 128). */
const HANDLE_HEADER = 8;
const MAX_HANDLE_SIZE = 128;

/** Descriptors that neither nodes nor open files may use up: chunks, slow calls and the log need some. */
export const RESERVED_DESCRIPTORS = 256;

/** How many descriptors one eviction closes, so that a walk over a large tree does not evict at every step. */
const EVICTION_BATCH = 64;

export class NodeTable {
  readonly root: Node;
  /** Told of every node that nobody refers to any more. */
  onRemoved: ((node: Node) => void) | undefined;
  private readonly byId = new Map<number, Node>();
  private readonly byInode = new Map<number | string, Node>();
  /** Nodes whose descriptor may be closed, in the order of their opening: a Map keeps insertion order. */
  private readonly evictable = new Map<number, Node>();
  /** Descriptors of all nodes but the root. */
  private openCount = 0;
  private readonly handleBuffer = new MemoryRegion(256);
  private readonly mountFd: number;
  private readonly rootDevice: number;
  /** Not the mirror's, which holds what a reply is about to show. */
  private readonly openedStatus = new FileStatus();
  private readonly opensHandles: boolean;

  /**
   * @param mountFd - the mirror's root directory, open for reading (open_by_handle_at(2) takes no O_PATH descriptor)
   * @param status - the root directory's status
   * @param maxDescriptors - how many O_PATH descriptors may be open at once: half of what the process may open
   */
  constructor(
    mountFd: number,
    status: FileStatus,
    private readonly maxDescriptors: number,
    private readonly records: NodeRecords = new NodeRecords(new TextPool()),
  ) {
    this.mountFd = mountFd;
    this.rootDevice = status.device;
    this.opensHandles = this.canOpenHandles();
    this.root = new Node(ROOT_ID, this.keyOf(status), undefined, false);
    this.root.fd = mountFd;
    this.byId.set(ROOT_ID, this.root);
    this.byInode.set(this.root.inodeKey, this.root);
  }

  get(id: number): Node | undefined {
    return this.byId.get(id);
  }

  get size(): number {
    return this.byId.size;
  }

  /** Some of the files that the kernel knows, the newest first. */
  someFiles(most: number): Node[] {
    return [...this.byId.values()]
      .filter(({ isRegular, lookups }) => isRegular && lookups > 0)
      .slice(-most)
      .reverse();
  }

  /** The node of the inode that `status` shows, if its identity is certain without opening it. */
  findOpen(status: FileStatus): Node | undefined {
    const node = this.byInode.get(this.keyOf(status));
    return node !== undefined && node.fd >= 0 ? node : undefined;
  }

  /** The node of the inode that `status` shows, evicted or not: good enough to follow a name that changes. */
  find(status: FileStatus): Node | undefined {
    return this.byInode.get(this.keyOf(status));
  }

  /**
   * The node of an entry's inode, made when there is none, by its file handle and without opening it.
   * @param name - address of the entry's name in `directory`
   * @param status - what the entry has just shown; {@link fdOf} makes sure later that the handle is of the same inode
   * @returns undefined where there is no file handle
   */
  adoptUnopened(directory: number, name: number, status: FileStatus): Node | undefined {
    if (!this.opensHandles || status.device !== this.rootDevice) return undefined;
    const length = this.readHandle(directory, name, 0);
    if (length === 0) return undefined;
    const key = this.keyOf(status);
    const known = this.byInode.get(key);
    const isKnown = known?.handle?.equals(this.handleBuffer.bytes.subarray(0, length)) === true;
    return isKnown ? known : this.add(key, this.copyHandle(length), status);
  }

  /**
   * The node of the inode behind `fd`, made when there is none. Takes `fd` over: it becomes the node's descriptor, or is
   * closed when the node has one.
   * @param fd - O_PATH descriptor
   * @param status - what `fd` is
   */
  adopt(fd: number, status: FileStatus): Node {
    const key = this.keyOf(status);
    const hasHandle = this.opensHandles && status.device === this.rootDevice;
    const length = hasHandle ? this.readHandle(fd, emptyString, AT_EMPTY_PATH) : 0;
    const handle = length === 0 ? undefined : this.copyHandle(length);
    const known = this.byInode.get(key);
    if (known !== undefined && known.fd >= 0) {
      close(fd);
      return known;
    }
    if (known?.handle !== undefined && handle?.equals(known.handle)) {
      this.keep(known, fd);
      return known;
    }
    const node = this.add(key, handle, status);
    this.keep(node, fd);
    return node;
  }

  private add(key: number | string, handle: Buffer | undefined, status: FileStatus): Node {
    const { records } = this;
    const id = records.nextId(ROOT_ID + 1);
    const { isRegular } = status;
    const node = new Node(id, key, handle, isRegular, records, records.add(id, status.inode, handle, isRegular));
    this.byId.set(node.id, node);
    this.byInode.set(key, node);
    return node;
  }

  /**
   * Takes over the nodes of the last server; to be called before any other is made. Their descriptors are opened when they
   * are needed, as after an eviction.
   * @param reopen - finds the inode of a node without file handle by its path. @returns O_PATH descriptor or a negated errno
   */
  restore(reopen: (path: string) => number): void {
    const recorded = this.records.used();
    for (const record of recorded) this.restoreNode(record);
    for (const { id, link } of recorded) {
      const parent = link && this.byId.get(link.parent);
      if (link !== undefined && parent !== undefined) this.byId.get(id)?.restoreLink(parent, link.name);
    }
    for (const node of this.byId.values()) {
      if (node === this.root) continue;
      if (node.handle === undefined) this.reopenByPath(node, reopen);
      // Without a name only a descriptor holds the inode, once the kernel's own references are gone.
      else if (node.links.length === 0) this.holdOpen(node);
    }
  }

  /** Lets go of restored nodes that nobody refers to; to be called when handles are restored as well. */
  sweep(): void {
    for (const node of [...this.byId.values()]) this.releaseIfUnused(node);
  }

  private restoreNode({ index, id, inoLow, inoHigh, deviceMajor, deviceMinor, handle, isRegular }: RecordedNode): void {
    const device = deviceMajor * 2 ** 32 + deviceMinor;
    const key = this.keyOf({ device, inodeKey: inodeKeyOf(inoLow, inoHigh) });
    const node = new Node(id, key, handle, isRegular, this.records, index);
    this.byId.set(id, node);
    // Where a FORGET died with a server, the inode of a node that is gone may be another file's by now.
    const other = this.byInode.get(key);
    if (other === undefined || other.id < id) this.byInode.set(key, node);
  }

  /** Somebody else may have got its name meanwhile. */
  private reopenByPath(node: Node, reopen: (path: string) => number): void {
    const [path] = node.paths();
    const fd = path === undefined ? -Errno.ESTALE : reopen(path);
    if (fd < 0) return;
    const status = new FileStatus();
    if (status.readFd(fd) === 0 && this.keyOf(status) === node.inodeKey) this.keep(node, fd);
    else close(fd);
  }

  /** The node's descriptor, opened if it has none. @returns O_PATH descriptor or a negated errno (ESTALE) */
  fdOf(node: Node): number {
    if (node.fd >= 0) return node.fd;
    if (node.handle === undefined) return -Errno.ESTALE;
    node.handle.copy(this.handleBuffer.bytes);
    const fd = this.openHandle();
    if (fd < 0) return fd;
    // An entry that somebody exchanged in the mirror itself, between reading its status and its handle, is two inodes.
    if (this.openedStatus.readFd(fd) < 0 || this.keyOf(this.openedStatus) !== node.inodeKey) {
      close(fd);
      return -Errno.ESTALE;
    }
    this.keep(node, fd);
    return fd;
  }

  /** Opens the inode whose file handle is in the buffer. @returns O_PATH descriptor or a negated errno */
  private openHandle(): number {
    return orErrno(openByHandleAt(this.mountFd, this.handleBuffer.address, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }

  private canOpenHandles(): boolean {
    if (this.readHandle(this.mountFd, emptyString, AT_EMPTY_PATH) === 0) return false;
    const fd = this.openHandle();
    if (fd >= 0) close(fd);
    return fd >= 0;
  }

  /**
   * Keeps the node's descriptor until it is forgotten: once the last name is gone nothing else holds the inode, and no
   * file handle can bring it back.
   */
  holdOpen(node: Node): void {
    this.fdOf(node);
    this.evictable.delete(node.id);
  }

  /** Undoes {@link holdOpen}: the name stayed after all. */
  letGo(node: Node): void {
    if (node.fd >= 0) this.keep(node, node.fd);
  }

  /** The kernel dropped `count` references to the node. */
  forget(id: number, count: number): void {
    const node = this.byId.get(id);
    if (node === undefined || node === this.root) return;
    node.lookups = Math.max(0, node.lookups - count);
    this.releaseIfUnused(node);
  }

  /** Removes the node, and any parent that stayed only for its sake, when nobody refers to it. */
  releaseIfUnused(node: Node): void {
    // A loop, not a recursion: directories can be nested deeper than the stack.
    const candidates = [node];
    for (let unused = candidates.pop(); unused !== undefined; unused = candidates.pop()) {
      if (unused.lookups > 0 || unused.pins > 0 || unused === this.root) continue;
      this.remove(unused);
      for (const { parent } of unused.links.splice(0)) {
        parent.pins--;
        candidates.push(parent);
      }
    }
  }

  private remove(node: Node): void {
    this.byId.delete(node.id);
    if (this.byInode.get(node.inodeKey) === node) this.byInode.delete(node.inodeKey);
    this.onRemoved?.(node);
    if (node.record !== 0) this.records.remove(node.record);
    // From now on the record is another node's, while somebody may still hold this one.
    node.record = 0;
    if (node.fd < 0) return;
    this.evictable.delete(node.id);
    this.closeFd(node);
  }

  private closeFd(node: Node): void {
    close(node.fd);
    node.fd = -1;
    this.openCount--;
  }

  /** Descriptors that {@link trim} can't close: without them their inodes could not be found again. */
  get heldCount(): number {
    return this.openCount - this.evictable.size;
  }

  /**
   * Closes descriptors beyond the limit. To be called between requests: within one, a descriptor that was just handed out
   * must stay open.
   * @param others - descriptors that open files and chunks hold
   */
  trim(others: number): void {
    // Together with these they stay below what the process may open.
    const left = 2 * this.maxDescriptors - RESERVED_DESCRIPTORS - others - this.heldCount;
    const allowed = Math.min(this.maxDescriptors, left);
    if (this.evictable.size <= allowed) return;
    let remaining = EVICTION_BATCH;
    for (const [id, node] of this.evictable) {
      if (remaining-- === 0) return;
      this.evictable.delete(id);
      this.closeFd(node);
    }
  }

  private keep(node: Node, fd: number): void {
    if (node.fd < 0) this.openCount++;
    node.fd = fd;
    if (node.handle === undefined) return;
    this.evictable.set(node.id, node);
  }
  private keyOf({ device, inodeKey }: Pick<FileStatus, 'device' | 'inodeKey'>): number | string {
    return device === this.rootDevice ? inodeKey : `${device}/${inodeKey}`;
  }

  /** Reads a file handle into the buffer. @returns its length in bytes; 0 for none */
  private readHandle(directory: number, name: number, flags: number): number {
    const { address, words } = this.handleBuffer;
    words[0] = MAX_HANDLE_SIZE;
    const mountIdAddress = address + HANDLE_HEADER + MAX_HANDLE_SIZE;
    if (nameToHandleAt(directory, name, address, mountIdAddress, flags) < 0) return 0;
    return HANDLE_HEADER + (words[0] ?? 0);
  }

  private copyHandle(length: number): Buffer {
    return Buffer.from(this.handleBuffer.bytes.subarray(0, length));
  }
}
