/**
 * What the operations of this engine work with, and how the package reaches them.
 *
 * Guarantees: each request is answered exactly once: an exception is a defect, which is reported and answered with EIO (one
 * that reached the package would end the process and leave a dead mount), and a second answer is dropped (it would go to
 * whatever request the libfuse thread serves by then).
 */
import type Fuse from 'fuse-native';
import type { StreamTable } from '../../capture/stream-table.js';
import { Errno, errnoOf } from '../../libc/errno.js';
import { MemoryRegion } from '../../libc/memory.js';
import { Directories } from '../../mirror/directories.js';
import { Entries } from '../../mirror/entries.js';
import { ExtendedAttributes } from '../../mirror/extended-attributes.js';
import { Files } from '../../mirror/files.js';
import { Metadata } from '../../mirror/metadata.js';
import type { Mirror } from '../../mirror/mirror.js';
import { OperationTimes } from '../../observability/operation-times.js';
import type { ChunkSyncs } from '../chunk-syncs.js';
import { Opcode } from '../opcode.js';
import { HiddenFiles } from './hidden-files.js';
import { NativePath } from './native-path.js';
import { NativeRequest } from './native-request.js';
import { PathWalker } from './path-walker.js';

/** An operation's result that means: `answer` will be called later. */
export const ANSWER_LATER = Number.NEGATIVE_INFINITY;

/** Answers a request: 0 or more, or a negated errno. */
export type Answer = (result: number) => void;

/** One operation: 0 or more, a negated errno, or {@link ANSWER_LATER}. */
export type NativeOperation = (session: NativeSession, answer: Answer) => number;

/** The largest read or write that libfuse 2 makes is 128 KiB. */
const DATA_SIZE = 1024 * 1024;

/** What the package wants to be told besides a result that is no error. */
const extraAnswers: Partial<Record<Fuse.OperationName, (result: number) => readonly unknown[]>> = {
  open: (handle) => [handle],
  create: (handle) => [handle],
  opendir: (handle) => [handle],
  // These three are written to libfuse's memory already, past the package.
  readdir: () => [[], []],
  readlink: () => [''],
  getxattr: () => [Buffer.alloc(0)],
};

/** What the package's operations count as: the kernel's requests that they stand for. */
const opcodes: Partial<Record<Fuse.OperationName, number>> = {
  ...Object.fromEntries(Object.entries(Opcode).map(([name, opcode]) => [name.toLowerCase(), opcode])),
  ...{ chmod: Opcode.SETATTR, chown: Opcode.SETATTR, utimens: Opcode.SETATTR },
  ...{ truncate: Opcode.SETATTR, ftruncate: Opcode.SETATTR },
};

/** Results that the package hands on as they are; of all others success is 0. */
const answersWithCount: readonly Fuse.OperationName[] = ['read', 'write', 'getxattr', 'listxattr'];

export class NativeSession {
  readonly request = new NativeRequest();
  readonly path = new NativePath();
  /** The second path of link, rename and symlink. */
  readonly newPath = new NativePath();
  readonly data = new MemoryRegion(DATA_SIZE);
  readonly hidden = new HiddenFiles();
  readonly walker: PathWalker;
  readonly metadata: Metadata;
  readonly entries: Entries;
  readonly files: Files;
  readonly directories: Directories;
  readonly attributes: ExtendedAttributes;
  /** Set when serving has ended: what still comes is refused. */
  ended = false;

  /**
   * @param creatorOf - the process that creates the file at a path under the mountpoint, where that matters; 0 for unknown
   * @param reopensNodes - the process may reopen nodes from their file handles, so that their descriptors may be closed
   */
  constructor(
    readonly mirror: Mirror,
    readonly streams: StreamTable,
    readonly creatorOf: (path: string) => number,
    private readonly reopensNodes: boolean,
    readonly chunkSyncs: ChunkSyncs,
    private readonly onDefect: (what: string, error: unknown) => void,
    private readonly times: OperationTimes = new OperationTimes(),
  ) {
    this.walker = new PathWalker(mirror, this.hidden);
    this.metadata = new Metadata(mirror);
    this.entries = new Entries(mirror);
    this.files = new Files(mirror, this.entries, streams);
    this.directories = new Directories(mirror);
    this.attributes = new ExtendedAttributes(mirror);
  }

  /** The operations as the package wants them. */
  expose(
    operations: Readonly<Partial<Record<Fuse.OperationName, NativeOperation>>>,
  ): Partial<Record<Fuse.OperationName, Fuse.Operation>> {
    const exposed: Partial<Record<Fuse.OperationName, Fuse.Operation>> = {};
    for (const [key, operation] of Object.entries(operations)) {
      const name = key as Fuse.OperationName;
      exposed[name] = (...args) => this.serve(name, operation, args.at(-1) as Fuse.Done);
    }
    return exposed;
  }

  private serve(name: Fuse.OperationName, operation: NativeOperation, done: Fuse.Done): void {
    let answered = false;
    const opcode = opcodes[name] ?? Opcode.GETATTR;
    const begun = this.times.begin(opcode);
    const answer = (result: number): void => {
      if (answered) return;
      answered = true;
      if (begun >= 0) this.times.end(opcode, begun);
      if (result < 0) done(result);
      else done(answersWithCount.includes(name) ? result : 0, ...(extraAnswers[name]?.(result) ?? []));
    };
    const result = this.run(name, operation, answer);
    if (result !== ANSWER_LATER) answer(result);
  }

  private run(name: Fuse.OperationName, operation: NativeOperation, answer: Answer): number {
    if (this.ended) return -Errno.ENOTCONN;
    try {
      return operation(this, answer);
    } catch (error) {
      this.onDefect(name, error);
      return -errnoOf(error);
    } finally {
      this.walker.release();
      this.streams.trim(this.mirror.descriptorsForOthers);
      if (this.reopensNodes) this.mirror.trim(this.streams.descriptors);
    }
  }
}
