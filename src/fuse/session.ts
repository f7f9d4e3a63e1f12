/**
 * One connection to the kernel: what a request handler works with.
 *
 * Guarantees: every request gets exactly one reply, or none where the protocol wants none, or one later where the handler
 * says so. A handler's exception is a defect: it is reported and answered with EIO, and serving goes on.
 */
import type { StreamTable } from '../capture/stream-table.js';
import { Errno, errnoOf } from '../libc/errno.js';
import { MemoryRegion } from '../libc/memory.js';
import type { Caller } from '../mirror/caller.js';
import { Directories } from '../mirror/directories.js';
import { Entries } from '../mirror/entries.js';
import { EntryName } from '../mirror/entry-name.js';
import { ExtendedAttributes } from '../mirror/extended-attributes.js';
import { Files } from '../mirror/files.js';
import { Metadata } from '../mirror/metadata.js';
import type { Mirror } from '../mirror/mirror.js';
import type { Node } from '../mirror/node.js';
import { OperationTimes } from '../observability/operation-times.js';
import { crashAt } from '../recovery/crash-point.js';
import type { AgreedProtocol } from '../recovery/server-state.js';
import { AttributeNotice } from './attribute-notice.js';
import { InHeader } from './layout.js';
import { MAX_WRITE, type Negotiated, type Unsupported, type Wanted } from './negotiation.js';
import { Passthrough } from './passthrough.js';
import { Reply } from './reply.js';
import { Request } from './request.js';
import type { Addressee, SlowWork } from './slow-work.js';

/** A handler's result that means: no reply now. Below every errno. */
export const NO_REPLY = -0x10000;

/** What a session tells its surroundings. */
export interface SessionEvents {
  onNegotiated(result: Negotiated | Unsupported): void;
  /** Work that must not hold up other requests; the reply follows when it is done. */
  onSlowWork(work: SlowWork): void;
  onDefect(opcode: number, error: unknown): void;
}

/** Answers one request: bytes of payload in `session.reply`, a negated errno, or {@link NO_REPLY}. */
export type Handler = (session: Session) => number;

/** The kernel demands room for this much behind the largest write (FUSE_BUFFER_HEADER_SIZE of libfuse). */
const HEADER_ROOM = 4096;

export class Session {
  readonly request = new Request(new MemoryRegion(MAX_WRITE + HEADER_ROOM));
  readonly reply = new Reply(new MemoryRegion(MAX_WRITE + HEADER_ROOM));
  readonly name = new EntryName(this.request.region);
  readonly newName = new EntryName(this.request.region);
  readonly caller: Caller;
  readonly metadata: Metadata;
  readonly entries: Entries;
  readonly files: Files;
  readonly directories: Directories;
  readonly attributes: ExtendedAttributes;
  /** For attributes that change otherwise than the kernel expects of the request. */
  readonly attributeNotice: AttributeNotice;
  /** Whether SETXATTR has its longer form. */
  hasLongSetxattr = false;
  /** Where the request lies that is being served, if it came over io_uring; -1 for `/dev/fuse`. */
  private slot = -1;
  private backing: Passthrough | undefined;

  constructor(
    readonly deviceFd: number,
    readonly mirror: Mirror,
    readonly streams: StreamTable,
    readonly wanted: Wanted,
    readonly events: SessionEvents,
    private readonly times: OperationTimes = new OperationTimes(),
  ) {
    this.caller = mirror.caller;
    this.metadata = new Metadata(mirror);
    this.entries = new Entries(mirror);
    this.files = new Files(mirror, this.entries, streams);
    this.directories = new Directories(mirror);
    this.attributes = new ExtendedAttributes(mirror);
    this.attributeNotice = new AttributeNotice(deviceFd);
  }

  /** Backing files for reads that never come here; undefined where the kernel has none or the user wants none. */
  get passthrough(): Passthrough | undefined {
    return this.backing;
  }

  /** The kernel and we have agreed on how to speak. */
  begin({ passthrough, backing, longSetxattr }: AgreedProtocol): void {
    const { nativeUntracked } = this.wanted;
    // A server that is killed while the kernel copies a request into memory that it has to find first fails that request.
    if (this.wanted.recoverable) this.request.region.bytes.fill(0, this.request.length);
    if (backing) this.backing = new Passthrough(this.mirror, this.deviceFd, nativeUntracked, !passthrough);
    this.hasLongSetxattr = longSetxattr;
  }

  /** An earlier server may have made a file handle for the same request, of which the kernel never heard. */
  dropHalfOpened(): void {
    const { intents, handles } = this.mirror;
    const { handle } = intents;
    if (!intents.isRedo || handle < 0) return;
    this.backing?.release(handle);
    if (this.files.release(handle) < 0) this.directories.releasedir(handle);
    intents.handle = -1;
    handles.records.clear(handle);
  }

  /** What an earlier server has told the dead connection of nodes for the same request, the kernel never heard of. */
  private takeCountsBack(): void {
    const { intents, nodes } = this.mirror;
    for (const id of intents.takeCounted()) {
      const node = nodes.get(id);
      if (node !== undefined) node.lookups = Math.max(0, node.lookups - 1);
    }
  }

  /**
   * Serves the request of `length` bytes that lies in the request buffer, and leaves the answer in `reply`.
   * @param slot - where it came from over io_uring; -1 for `/dev/fuse`
   * @returns bytes of payload, a negated errno, or {@link NO_REPLY}
   */
  serve(length: number, handlers: readonly (Handler | undefined)[], slot: number): number {
    const { request, caller } = this;
    this.slot = slot;
    request.length = length;
    caller.uid = request.uid;
    caller.gid = request.gid;
    caller.pid = request.pid;
    const { intents } = this.mirror;
    const { opcode } = request;
    intents.begin(request.uniqueLow, request.uniqueHigh, opcode);
    crashAt?.('received');
    if (intents.isRedo) this.takeCountsBack();
    const begun = this.times.begin(opcode);
    const result = this.handle(handlers[opcode], length);
    // What is answered later is timed by whoever answers it.
    if (begun >= 0 && result !== NO_REPLY) this.times.end(opcode, begun);
    crashAt?.('served');
    this.trim();
    return result;
  }

  /** Keeps descriptors free for the next request. */
  trim(): void {
    const { mirror, streams } = this;
    streams.trim(mirror.descriptorsForOthers);
    mirror.trim(streams.descriptors);
  }

  /** Who waits for the answer. */
  get addressee(): Addressee {
    return { uniqueLow: this.request.uniqueLow, uniqueHigh: this.request.uniqueHigh, slot: this.slot };
  }

  private handle(handler: Handler | undefined, length: number): number {
    // Not even a number that an answer could carry.
    if (length < InHeader.size) return NO_REPLY;
    if (this.request.statedLength !== length) return -Errno.EIO;
    if (handler === undefined) return -Errno.ENOSYS;
    try {
      const result = handler(this);
      // The limit is the server's, not that of whoever asks.
      return result === -Errno.EMFILE ? -Errno.ENFILE : result;
    } catch (error) {
      this.events.onDefect(this.request.opcode, error);
      return -errnoOf(error);
    }
  }

  /** The node that the request is about; undefined for an id that the kernel was never told or has forgotten. */
  node(): Node | undefined {
    return this.mirror.nodes.get(this.request.nodeId);
  }

  /** Points `name` at the argument at `offset` and checks that it names an entry. @returns 0 or a negated errno */
  takeName(offset: number): number {
    const failed = this.request.locateName(this.name, offset);
    return failed < 0 ? failed : this.name.check();
  }

  /** The same for two names, one behind the other. */
  takeTwoNames(offset: number): number {
    const failed = this.takeName(offset);
    if (failed < 0) return failed;
    const second = this.newName.locate(this.request.region, this.name.end, this.request.length);
    return second < 0 ? second : this.newName.check();
  }

  /** Replies with an entry: the node and the status that was just read; or passes the errno on. */
  putEntry(node: Node | number): number {
    return typeof node === 'number' ? node : this.reply.putEntry(0, node.id, this.mirror.status);
  }
}
