/**
 * Who wrote what to the chunks of one mount, as the owner of the streams records it in `meta/`.
 *
 * Guarantees: a failure to record never reaches capture, and is counted. See {@link StreamProvenance} for what is recorded.
 */
import type { LastWriters } from './last-writers.js';
import { Losses, type LossReport } from './losses.js';
import { MetaFiles } from './meta-files.js';
import { Processes } from './processes.js';
import { StreamProvenance } from './stream-provenance.js';
import type { StreamSlots } from './stream-slots.js';
import { commandText } from './stretch-lines.js';
import type { Writer } from './writer.js';

export interface ProvenanceOptions {
  /** Absolute path of `meta/`. */
  readonly meta: string;
  /** Group that may read chunks; undefined for root alone. */
  readonly gid: number | undefined;
  /** Who makes the request that is being served; refilled for each. */
  readonly writer: Writer;
  /** What the threads of the server know about who wrote last. */
  readonly lastWriters: LastWriters;
  /** Finds a process's command line, on a thread that can wait, for {@link Provenance.learn}. */
  readonly askForCommand: (pid: number) => void;
  /** Milliseconds since 1970, replaced in tests. */
  readonly now?: () => number;
}

export class Provenance {
  readonly files: MetaFiles;
  readonly processes: Processes;
  readonly writer: Writer;
  readonly lastWriters: LastWriters;
  readonly now: () => number;
  /** Streams whose last line has a name for a command line. */
  readonly provisional = new Set<StreamProvenance>();
  private readonly failures = new Losses();

  constructor({ meta, gid, writer, lastWriters, askForCommand, now = Date.now }: ProvenanceOptions) {
    this.files = new MetaFiles(meta, gid);
    this.processes = new Processes({ ask: askForCommand });
    this.writer = writer;
    this.lastWriters = lastWriters;
    this.now = now;
  }

  /** The provenance of a stream's chunks. @param path - of the tracked file (latin1, one character a byte) */
  ofStream(path: string, slot: number, slots: StreamSlots): StreamProvenance {
    return new StreamProvenance(path, slot, slots, this);
  }

  /** A command line that was asked for. @param bytes - as in `/proc/PID/cmdline` */
  learn(pid: number, bytes: Uint8Array): void {
    const command = commandText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (command === '') return;
    this.processes.learn(pid, command);
    for (const stream of this.provisional) stream.complete(pid, command);
  }

  /** Appends whole lines to a file of `meta/`. @returns whether they are there now */
  append(name: string, header: string, lines: string): boolean {
    const failed = this.files.append(name, header, lines);
    if (failed < 0) this.failures.add(this.files.folder, -failed, lines.length);
    return failed === 0;
  }

  /** Whether nothing waits for {@link dueFailures}. */
  get isIdle(): boolean {
    return this.failures.isEmpty;
  }

  /** What could not be recorded, where a report is due. @param now - milliseconds of a clock that does not step back */
  dueFailures(now: number): LossReport[] {
    return this.failures.due(now);
  }
}
