/**
 * Who wrote to each live chunk last, in memory that all threads of the server share: what a write has to be compared with to
 * know whether a new stretch of the chunk's provenance begins.
 *
 * Guarantees: a write that begins no new stretch costs a comparison. A stretch of the same writer in a new second is noted here
 * by the thread that has the write, as a *tick*, for the owner of the streams to collect; any other is the owner's to
 * record. Who uses a slot holds its lock (see `stream-slots.ts`). A new writer costs the queue
 * threads a hand-over, so their number is bounded: in one second a chunk gets {@link MAX_PROCESSES} stretches while only pids
 * change, then the last writer stands for all others of its uid and gid; and {@link MAX_STRETCHES} while these change, then
 * one more, of an unknown writer, stands for everybody.
 *
 * Layout: a cache line for each slot of `stream-slots.ts`, in 32-bit words (see {@link Field}).
 */
import { MemoryRegion } from '../libc/memory.js';
import { MAX_STREAM_SLOTS } from './stream-slots.js';
import { NOBODY, type Writer } from './writer.js';

/** Words of a slot. */
const Field = {
  pid: 0,
  uid: 1,
  gid: 2,
  /** The second (since 1970, modulo 2^32) in which the last stretch began; 0 for a chunk without any. */
  second: 3,
  /** How many began in it. */
  stretches: 4,
  /** How many ticks wait. */
  ticks: 5,
  /** Offset, second and millisecond of each tick. */
  firstTick: 6,
  length: 16,
} as const;

const TICK_WORDS = 3;
/** The owner collects about once a second: one for each second since, and one for a late round. */
const MAX_TICKS = 3;

/** Most stretches of one chunk that begin in one second because another process of the same user writes. */
export const MAX_PROCESSES = 16;
/** Most that begin because another user writes, but for the last one, of an unknown writer. */
export const MAX_STRETCHES = 64;

/** What a write means for the provenance of its chunk. */
export const Verdict = {
  /** Nothing new. */
  same: 0,
  /** The same writer in another second. */
  tick: 1,
  /** Another writer. */
  change: 2,
  /** Another user, after too many others. */
  crowd: 3,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Where a stretch of the same writer begins. */
export interface Tick {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export class LastWriters {
  private readonly words: Uint32Array;

  /** @param region - another thread's, or a new one */
  constructor(readonly region: MemoryRegion = new MemoryRegion(MAX_STREAM_SLOTS * Field.length * 4)) {
    this.words = region.words;
  }

  /** @param second - of the write, since 1970 */
  judge(slot: number, pid: number, uid: number, gid: number, second: number): Verdict {
    const { words } = this;
    const start = slot * Field.length;
    const lastPid = words[start + Field.pid];
    const isUser = words[start + Field.uid] === uid && words[start + Field.gid] === gid;
    const isWriter = isUser && lastPid === pid;
    if (words[start + Field.second] !== second) return isWriter ? Verdict.tick : Verdict.change;
    if (isWriter) return Verdict.same;
    const stretches = words[start + Field.stretches] ?? 0;
    if (stretches < (isUser ? MAX_PROCESSES : MAX_STRETCHES)) return Verdict.change;
    return isUser || lastPid === NOBODY ? Verdict.same : Verdict.crowd;
  }

  /** Whether a write needs nobody but the thread that has it: nothing is new, or it is a tick and there is room for one. */
  mayPass(slot: number, pid: number, uid: number, gid: number, second: number): boolean {
    const verdict = this.judge(slot, pid, uid, gid, second);
    if (verdict !== Verdict.tick) return verdict === Verdict.same;
    return (this.words[slot * Field.length + Field.ticks] ?? 0) < MAX_TICKS;
  }

  /** A write that {@link mayPass} goes to `offset`. @param time - milliseconds since 1970 */
  pass(slot: number, offset: number, time: number): void {
    const { words } = this;
    const start = slot * Field.length;
    const second = secondOf(time);
    if (words[start + Field.second] === second) return;
    const ticks = words[start + Field.ticks] ?? 0;
    const tick = start + Field.firstTick + ticks * TICK_WORDS;
    words[tick] = offset;
    words[tick + 1] = second;
    words[tick + 2] = time % 1000;
    words[start + Field.ticks] = ticks + 1;
    words[start + Field.second] = second;
    words[start + Field.stretches] = 1;
  }

  /** A stretch begins that is recorded already. */
  begin(slot: number, { pid, uid, gid }: Writer, second: number): void {
    const { words } = this;
    const start = slot * Field.length;
    const isSameSecond = words[start + Field.second] === second;
    words[start + Field.pid] = pid;
    words[start + Field.uid] = uid;
    words[start + Field.gid] = gid;
    words[start + Field.second] = second;
    words[start + Field.stretches] = isSameSecond ? (words[start + Field.stretches] ?? 0) + 1 : 1;
  }

  /** A new chunk: nobody has written to it. */
  forget(slot: number): void {
    this.words.fill(0, slot * Field.length, (slot + 1) * Field.length);
  }

  /** Whose the ticks are that wait. */
  writer(slot: number): Writer {
    const [pid = 0, uid = 0, gid = 0] = this.words.subarray(slot * Field.length);
    return { pid, uid, gid };
  }

  /** Whether any ticks wait; needs no lock. */
  hasTicks(slot: number): boolean {
    return this.words[slot * Field.length + Field.ticks] !== 0;
  }

  /** Takes the ticks away, the oldest first. */
  takeTicks(slot: number): Tick[] {
    const start = slot * Field.length;
    const ticks: Tick[] = [];
    for (let tick = 0; tick < (this.words[start + Field.ticks] ?? 0); tick++) {
      const [offset = 0, second = 0, millisecond = 0] = this.words.subarray(
        start + Field.firstTick + tick * TICK_WORDS,
      );
      ticks.push({ offset, time: second * 1000 + millisecond });
    }
    this.words[start + Field.ticks] = 0;
    return ticks;
  }
}

/** @param time - milliseconds since 1970 */
export function secondOf(time: number): number {
  return Math.floor(time / 1000) >>> 0;
}
