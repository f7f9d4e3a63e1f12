/**
 * What `meta/` tells about chunks: the log's path, and who wrote which bytes when.
 *
 * `<root>/meta/<chunk without .log>.ndjson` begins with `{"version":1,"path":"/var/log/syslog"}`; each further line
 * `{"offset":0,"time":"1763700000123456789","pid":12,"uid":0,"gid":0,"command":"rsyslogd -n"}` holds from that byte of the
 * chunk until the next line's.
 *
 * Guarantees: a file that is missing, torn or wrong costs what it would have told and nothing else; lines that make no
 * sense are counted. A file that grows is read from where it was left. Memory is bounded. Does not write.
 */
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountNames } from './account-names.js';
import type { Writer } from './record.js';

/** A run of bytes by one writer. */
export interface Stretch {
  /** Its first byte in the chunk. */
  readonly offset: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly writer: Writer;
}

/** What is known about one chunk. */
export interface ChunkProvenance {
  readonly path: string;
  /** By offset. */
  readonly stretches: readonly Stretch[];
}

const unknownChunk: ChunkProvenance = { path: '', stretches: [] };
const maxKnownChunks = 256;
const maxKnownStretches = 100_000;
/** More than this is not provenance: a stretch is written at most once a second or once a writer. */
const maxFileBytes = 64 * 1024 * 1024;
/** The first line has a path of at most 4096 bytes, perhaps twice. */
const headBytes = 16 * 1024;

/** Name in `meta/` of what is known about a chunk. */
export function provenanceName(chunk: string): string {
  return `${chunk.slice(0, -'.log'.length)}.ndjson`;
}

/** The time that a chunk's name carries, in nanoseconds since 1970. */
export function chunkTime(chunk: string): bigint {
  const [, seconds = '0', fraction = '0'] = chunk.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * 100n;
}

/** The file about one chunk, read as far as it was complete. */
class ProvenanceFile implements ChunkProvenance {
  path = '';
  readonly stretches: Stretch[] = [];
  /** Bytes that were understood. */
  private readBytes = 0;
  private seenBytes = 0;

  constructor(
    private readonly file: string,
    private readonly accounts: AccountNames,
    private readonly onNonsense: () => void,
  ) {}

  /** Reads what was added. */
  refresh(): void {
    const size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= this.seenBytes || size > maxFileBytes) return;
    this.seenBytes = size;
    const added = readPart(this.file, this.readBytes, size - this.readBytes);
    const complete = added.lastIndexOf(0x0a) + 1;
    for (const line of added.toString('utf8', 0, complete).split('\n')) if (line !== '') this.take(line);
    this.readBytes += complete;
  }

  private take(line: string): void {
    const entry = parseEntry(line);
    if (typeof entry?.path === 'string' && this.path === '') {
      this.path = entry.path;
      return;
    }
    const stretch = entry === undefined ? undefined : this.stretch(entry);
    if (stretch === undefined) this.onNonsense();
    else this.stretches.push(stretch);
  }

  private stretch({ offset, time, pid, uid, gid, command }: Entry): Stretch | undefined {
    if (!isCount(offset) || typeof time !== 'string' || !/^\d{1,20}$/.test(time)) return undefined;
    if (!isCount(pid) || !isCount(uid) || !isCount(gid)) return undefined;
    const previous = this.stretches.at(-1);
    if (previous !== undefined && offset < previous.offset) return undefined;
    const text = typeof command === 'string' ? command : '';
    const same = previous?.writer;
    const isSame = same?.pid === pid && same.uid === uid && same.gid === gid && same.command === text;
    const writer =
      same !== undefined && isSame
        ? same
        : { pid, uid, gid, user: this.accounts.user(uid), group: this.accounts.group(gid), command: text };
    return { offset, time: BigInt(time), writer };
  }
}

type Entry = Readonly<Record<string, unknown>>;

function parseEntry(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Empty where it can't be read. */
function readPart(path: string, from: number, length: number): Buffer {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, from));
    } finally {
      closeSync(fd);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** Provenance of the chunks that are being read. */
export class ProvenanceBook {
  /** Lines that made no sense. */
  nonsense = 0;
  private readonly files = new Map<string, ProvenanceFile>();
  private stretches = 0;

  constructor(
    private readonly meta: string,
    private readonly accounts: AccountNames,
  ) {}

  /** What is known about a chunk by now. */
  of(chunk: string): ChunkProvenance {
    const known = this.files.get(chunk);
    const file = known ?? this.open(chunk);
    const before = file.stretches.length;
    file.refresh();
    this.stretches += file.stretches.length - before;
    if (known === undefined && file.path === '' && file.stretches.length === 0) return unknownChunk;
    if (known === undefined) this.files.set(chunk, file);
    this.evict(chunk);
    return file;
  }

  /** The path that any of these chunks, of one stream, tells; empty if none does. The newest is asked first. */
  pathOf(chunks: readonly string[]): string {
    for (const chunk of chunks.slice(-8).reverse()) {
      const file = join(this.meta, provenanceName(chunk));
      if (statSync(file, { throwIfNoEntry: false }) === undefined) continue;
      const [first = ''] = readPart(file, 0, headBytes).toString('utf8').split('\n');
      const path = parseEntry(first)?.path;
      if (typeof path === 'string') return path;
    }
    return '';
  }

  /** A chunk was removed. */
  forget(chunk: string): void {
    const file = this.files.get(chunk);
    if (file === undefined) return;
    this.stretches -= file.stretches.length;
    this.files.delete(chunk);
  }

  private open(chunk: string): ProvenanceFile {
    return new ProvenanceFile(join(this.meta, provenanceName(chunk)), this.accounts, () => {
      this.nonsense++;
    });
  }

  private evict(current: string): void {
    for (const chunk of this.files.keys()) {
      if (this.files.size <= maxKnownChunks && this.stretches <= maxKnownStretches) return;
      if (chunk !== current) this.forget(chunk);
    }
  }
}

/** Finds stretches by offset; quick for offsets that mostly grow. */
export class StretchFinder {
  private index = -1;

  constructor(private readonly stretches: readonly Stretch[]) {}

  /** The stretch of a byte; undefined before the first one. */
  at(offset: number): Stretch | undefined {
    if (this.index >= 0 && (this.stretches[this.index]?.offset ?? 0) > offset) this.index = -1;
    while ((this.stretches[this.index + 1]?.offset ?? Number.POSITIVE_INFINITY) <= offset) this.index++;
    return this.stretches[this.index];
  }
}
