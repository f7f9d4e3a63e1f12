/**
 * A server's request decoder without a kernel: a session over a mirror in a temporary folder, that writes its replies to a
 * file.
 *
 * Guarantees: whatever lies in the request buffer behind the message is {@link stale}, and so is the reply buffer before
 * each request. Beside the mirror lies a directory `canary` that nothing may touch. Does not free the session's buffers,
 * which live as long as the process: a process makes only some targets.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../src/capture/chunk-store.js';
import { Losses } from '../../src/capture/losses.js';
import { PatternSet } from '../../src/capture/pattern-set.js';
import { SkippedWriters } from '../../src/capture/skipped-writers.js';
import { StreamTable } from '../../src/capture/stream-table.js';
import { parseTrackList } from '../../src/capture/track-list.js';
import { OutHeader } from '../../src/fuse/layout.js';
import { handlersByOpcode } from '../../src/fuse/operation-table.js';
import { NO_REPLY, Session } from '../../src/fuse/session.js';
import { SlowCalls } from '../../src/fuse/slow-calls.js';
import type { SlowWork } from '../../src/fuse/slow-work.js';
import { Caller } from '../../src/mirror/caller.js';
import { Mirror } from '../../src/mirror/mirror.js';
import { unlimitedRoom } from '../harness/cache-room.js';

/** What lies where no message does: also a name that ends, if somebody takes it for one. */
export const stale = 'St4leByt';
/** In the canary's files and their names: no reply may hold it. */
export const secret = 'CanarySecret';

const staleBlock = Buffer.from(`${stale.repeat(7)}${stale.slice(0, 7)}\0`);
const replyPoison = 64 * 1024;

/** More allocation than this is not carried out: it would fill the disk. */
const maxAllocation = 16n * 1024n * 1024n;

/** More node ids and handles than one target ever gives. */
const maxIds = 100_000;

/** What became of one request. */
export interface Exchange {
  /** All that was written to the device during the request. */
  readonly replies: Buffer;
  /** Work that will be answered later. */
  readonly slow: readonly SlowWork[];
  /** Exceptions of handlers. */
  readonly defects: readonly unknown[];
}

export class FuzzTarget {
  readonly mirrorFolder: string;
  readonly canary: string;
  readonly logs: string;
  private readonly session: Session;
  private readonly streams: StreamTable;
  private readonly mirror: Mirror;
  private readonly clock: ChunkClock;
  private readonly device: number;
  private readonly mirrorFd: number;
  private readonly slowCalls: SlowCalls;
  private slow: SlowWork[] = [];
  private defects: unknown[] = [];

  /** @param folder - an empty directory */
  constructor(folder: string) {
    this.mirrorFolder = join(folder, 'mirror');
    this.canary = join(folder, 'canary');
    this.logs = join(folder, 'logs');
    this.populate();
    this.device = openSync(join(folder, 'replies'), 'a+');
    this.mirrorFd = openSync(this.mirrorFolder, 'r');
    this.mirror = new Mirror(this.mirrorFd, new Caller(), 40);
    this.clock = new ChunkClock(join(folder, 'clock'), 0n);
    const store = new ChunkStore(
      { logs: this.logs, gid: undefined, chunkSize: 10_000 },
      this.clock,
      unlimitedRoom(this.logs),
    );
    const { rules } = parseTrackList('**\n!**/b\n');
    const patterns = new PatternSet(rules, () => undefined);
    const skippedWriters = new SkippedWriters(['gzip']);
    const options = { mountpoint: '/var/log', sealMilliseconds: 0, skippedWriters };
    this.streams = new StreamTable(patterns, store, new Losses(), options);
    this.slowCalls = new SlowCalls(this.device, undefined, () => undefined);
    this.session = new Session(
      this.device,
      this.mirror,
      this.streams,
      { passthrough: true, nativeUntracked: false, recoverable: false, uring: false },
      {
        onNegotiated: () => undefined,
        onSlowWork: (work) => this.slow.push(work),
        onDefect: (_opcode, error) => this.defects.push(error),
      },
    );
    this.fillWithStale(this.session.request.region.bytes, this.session.request.region.size);
    this.fillWithStale(this.session.reply.region.bytes, replyPoison);
  }

  /** Serves one message as if it had been read from `/dev/fuse`. */
  exchange(message: Buffer): Exchange {
    const { request, reply } = this.session;
    request.region.bytes.set(message);
    const result = this.session.serve(message.length, handlersByOpcode, -1);
    if (result !== NO_REPLY) reply.send(this.device, request, result);
    this.fillWithStale(request.region.bytes, message.length);
    const exchange = { replies: this.takeReplies(), slow: this.slow, defects: this.defects };
    this.slow = [];
    this.defects = [];
    this.fillWithStale(reply.region.bytes, Math.max(4096, exchange.replies.length));
    return exchange;
  }

  /** Does slow work and returns what it was answered with; undefined when it is too large to be done. */
  async finish(work: SlowWork): Promise<Buffer | undefined> {
    if (work.kind === 'allocate' && work.length > maxAllocation) return undefined;
    this.slowCalls.run(work);
    const deadline = performance.now() + 10_000;
    for (;;) {
      const replies = this.takeReplies();
      if (replies.length > 0 || performance.now() > deadline) return replies;
      await new Promise(setImmediate);
    }
  }

  /** What the server does every second. */
  housekeep(): void {
    this.streams.housekeep(performance.now());
  }

  /** The kernel releases all handles and forgets all nodes. @returns how many nodes are left besides the root */
  releaseAll(): number {
    for (let handle = 0; handle < maxIds; handle++) {
      if (this.session.files.release(handle) < 0) this.session.directories.releasedir(handle);
    }
    for (let id = 2; id < maxIds; id++) this.mirror.nodes.forget(id, Number.MAX_SAFE_INTEGER);
    this.streams.endAll();
    return this.mirror.nodes.size - 1;
  }

  /** Closes what the server keeps for as long as it lives. */
  close(): void {
    this.clock.close();
    closeSync(this.mirrorFd);
    closeSync(this.device);
  }

  canaryContents(): string {
    return readFileSync(join(this.canary, secret), 'latin1');
  }

  private populate(): void {
    for (const folder of [this.mirrorFolder, this.canary, join(this.mirrorFolder, 'd')]) mkdirSync(folder);
    writeFileSync(join(this.canary, secret), `${secret}\n`);
    for (const name of ['a', 'd/a', 'd/app.log']) writeFileSync(join(this.mirrorFolder, name), 'a line\n'.repeat(100));
    symlinkSync('../canary', join(this.mirrorFolder, 'link'));
  }

  private takeReplies(): Buffer {
    const buffer = Buffer.allocUnsafe(2 * 1024 * 1024);
    const length = readSync(this.device, buffer, 0, buffer.length, 0);
    if (length > 0) ftruncateSync(this.device);
    return withoutNotifications(buffer.subarray(0, length));
  }

  private fillWithStale(bytes: Buffer, length: number): void {
    bytes.fill(staleBlock, 0, Math.min(length, bytes.length));
  }
}

/** What is left of the device's messages without those that answer nothing: no request's number, and a code above 0. */
function withoutNotifications(messages: Buffer): Buffer {
  if (messages.length < OutHeader.size) return messages;
  const length = messages.readUInt32LE(OutHeader.len);
  const isNotification = messages.readBigUInt64LE(OutHeader.unique) === 0n && messages.readInt32LE(OutHeader.error) > 0;
  if (!isNotification || length < OutHeader.size || length > messages.length) return messages;
  return withoutNotifications(messages.subarray(length));
}
