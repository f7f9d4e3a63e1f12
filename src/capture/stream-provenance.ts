/**
 * Who wrote what to the live chunk of one stream.
 *
 * Guarantees: a file in `meta/` names the path before the chunk has its first byte. A line that begins a stretch of another
 * writer is there before the stretch's first byte is: who reads chunk and lines never takes one writer for another. A line
 * for a new second of the same writer may come a second or two later, but before the chunk is sealed. The exceptions: more
 * changes of pid a second than `last-writers.ts` allows for, and a file that can't be written; what could not be recorded
 * is said to be of an unknown writer by the next line that can.
 *
 * A later line at the same offset corrects an earlier one.
 */
import { basename } from 'node:path';
import { secondOf, Verdict } from './last-writers.js';
import { metaName } from './meta-name.js';
import type { Identity } from './processes.js';
import type { Provenance } from './provenance.js';
import type { StreamSlots } from './stream-slots.js';
import { headerLine, type StretchWriter, stretchLine } from './stretch-lines.js';
import { NOBODY, unknownWriter, type Writer } from './writer.js';

/** A line to be: where and when a stretch begins, and whose it is. */
interface Line {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Undefined where nothing is known. */
  readonly writer: StretchWriter | undefined;
  /** Whether its command is a name so far. */
  readonly isProvisional: boolean;
}

export class StreamProvenance {
  private readonly header: string;
  /** Name in `meta/` of the live chunk's file. */
  private name = '';
  /** The last line, if it is provisional. */
  private provisional: Line | undefined;
  /** The first line that could not be written. */
  private missed: Line | undefined;

  constructor(
    path: string,
    private readonly slot: number,
    private readonly slots: StreamSlots,
    private readonly shared: Provenance,
  ) {
    this.header = headerLine(path);
  }

  /** A chunk begins. @param path - of the chunk */
  begin(path: string): void {
    this.name = metaName(basename(path));
    this.shared.lastWriters.forget(this.slot);
  }

  /** The writer of the current request is about to append at `offset`. The slot's lock is held. */
  note(offset: number): void {
    const { slot } = this;
    const { lastWriters, writer } = this.shared;
    const time = this.shared.now();
    const second = secondOf(time);
    const verdict = lastWriters.judge(slot, writer.pid, writer.uid, writer.gid, second);
    if (verdict === Verdict.same) return;
    const lines = this.takeTicks(second);
    const isCrowd = verdict === Verdict.crowd;
    lines.push(this.line(offset, time, writer, isCrowd ? undefined : this.identify(writer, second)));
    lastWriters.begin(slot, isCrowd ? unknownWriter : writer, second);
    this.append(lines);
  }

  /** Records what other threads have noted. */
  collect(): void {
    if (!this.shared.lastWriters.hasTicks(this.slot)) return;
    this.slots.lock(this.slot);
    const lines = this.takeTicks(secondOf(this.shared.now()));
    this.slots.unlock(this.slot);
    this.append(lines);
  }

  /** The command line of a process is known now: corrects the last line, if that needs it. */
  complete(pid: number, command: string): void {
    const { provisional } = this;
    if (provisional?.writer?.pid !== pid) return;
    this.append([{ ...provisional, writer: { ...provisional.writer, command }, isProvisional: false }]);
  }

  /** The chunk ends: it is about to be sealed. The slot's lock is held. */
  end(): void {
    if (this.shared.lastWriters.hasTicks(this.slot)) this.append(this.takeTicks(secondOf(this.shared.now())));
    this.leave();
  }

  /** The chunk is gone. */
  remove(): void {
    this.shared.files.remove(this.name);
    this.leave();
  }

  private leave(): void {
    this.missed = undefined;
    this.setProvisional(undefined);
  }

  private identify({ pid }: Writer, second: number): Identity | undefined {
    return pid === NOBODY ? undefined : this.shared.processes.identifyWaiting(pid, second);
  }

  /** The lock is held. */
  private takeTicks(second: number): Line[] {
    const { lastWriters, processes } = this.shared;
    if (!lastWriters.hasTicks(this.slot)) return [];
    const writer = lastWriters.writer(this.slot);
    const identity = writer.pid === NOBODY ? undefined : processes.identifyAgain(writer.pid, second);
    return lastWriters.takeTicks(this.slot).map(({ offset, time }) => this.line(offset, time, writer, identity));
  }

  private line(offset: number, time: number, { uid, gid }: Writer, identity: Identity | undefined): Line {
    if (identity === undefined) return { offset, time, writer: undefined, isProvisional: false };
    const { pid, command, isProvisional } = identity;
    return { offset, time, writer: { pid, uid, gid, command }, isProvisional };
  }

  private append(lines: readonly Line[]): void {
    const gap = this.missed === undefined ? '' : stretchLine(this.missed.offset, this.missed.time, undefined);
    const text = lines.map(({ offset, time, writer }) => stretchLine(offset, time, writer)).join('');
    this.missed = this.shared.append(this.name, this.header, gap + text) ? undefined : (this.missed ?? lines[0]);
    const last = lines.at(-1);
    this.setProvisional(last?.isProvisional ? last : undefined);
  }

  private setProvisional(line: Line | undefined): void {
    this.provisional = line;
    if (line === undefined) this.shared.provisional.delete(this);
    else this.shared.provisional.add(this);
  }
}
