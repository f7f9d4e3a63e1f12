/**
 * Which chunks there are.
 *
 * Guarantees: a chunk is shown only when all older ones of its stream are. A directory that changes while it is read may
 * show a chunk and not the one before it (readdir(3) leaves open whether it shows what is added meanwhile); what the first
 * of two listings has found, and all that is older, is in the second. Two listings a round,
 * none while `logs/` is unchanged; only chunks whose end a destination has reached are looked at one by one. Names are
 * kept, contents never. Foreign files are ignored.
 */
import { lstatSync, opendirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StreamChunks } from './stream-chunks.js';

const STREAM_LENGTH = 32;
const CHUNK_NAME = /^[0-9a-f]{32}\.\d{10}\.\d{7}\.log$/;
const WRITE_BITS = 0o222;
/** Two changes within one tick of the file system's clock leave the same time: a directory this young is listed again. */
const youngMilliseconds = 100;
/** After so many entries other work has its turn. */
const entriesInOneGo = 2048;

/** What a round has found. */
export interface InventoryChanges {
  /** Streams with something new to read. */
  readonly changed: readonly StreamChunks[];
  /** Streams of which nothing is left. */
  readonly gone: readonly StreamChunks[];
}

type Listing = Map<string, string[]>;

export class ChunkInventory {
  readonly streams = new Map<string, StreamChunks>();
  /** Listings that have begun. */
  rounds = 0;
  private readonly watched = new Set<StreamChunks>();
  /** Of `logs/` when it was listed; undefined: it must be listed again. */
  private listedTime: bigint | undefined;
  /** Chunks that were removed while a listing was under way, which may still show them. */
  private readonly removed = new Set<string>();

  constructor(private readonly logs: string) {}

  /** Number of chunks known. */
  get chunks(): number {
    let count = 0;
    for (const { names } of this.streams.values()) count += names.length;
    return count;
  }

  /** Looks what is new. One at a time. @throws Node's errors when `logs/` can't be read */
  async round(): Promise<InventoryChanges> {
    this.rounds++;
    const changed = new Set<StreamChunks>();
    const gone: StreamChunks[] = [];
    const time = statSync(this.logs, { bigint: true }).mtimeNs;
    if (time !== this.listedTime) {
      const isYoung = Date.now() - Number(time / 1_000_000n) < youngMilliseconds;
      const isWhole = await this.list(changed, gone);
      this.listedTime = isYoung || !isWhole ? undefined : time;
    }
    for (const stream of this.watched) this.look(stream, changed);
    for (const stream of changed) this.watched.delete(stream);
    return { changed: [...changed], gone };
  }

  /** A destination has read the newest chunk up to `size`: the stream is shown again when there is more. */
  watch(stream: StreamChunks, size: number): void {
    if (!this.watched.has(stream)) stream.watchedSize = size;
    else stream.watchedSize = Math.min(stream.watchedSize, size);
    this.watched.add(stream);
  }

  /** The oldest `count` chunks of a stream were removed. */
  drop(stream: StreamChunks, count: number): void {
    for (const name of stream.names.slice(0, count)) this.removed.add(name);
    stream.drop(count);
    if (stream.names.length === 0) this.forget(stream);
  }

  private forget(stream: StreamChunks): void {
    this.watched.delete(stream);
    this.streams.delete(stream.id);
  }

  /** @returns whether everything that was listed is shown */
  private async list(changed: Set<StreamChunks>, gone: StreamChunks[]): Promise<boolean> {
    this.removed.clear();
    const newest = new Map<string, string>();
    await this.eachChunk((id, name) => {
      if (name > (newest.get(id) ?? '')) newest.set(id, name);
    });
    let isWhole = true;
    const listing: Listing = new Map();
    await this.eachChunk((id, name) => {
      if (name > (newest.get(id) ?? '')) isWhole = false;
      else if (!this.removed.has(name)) add(listing, id, name);
    });
    for (const [id, names] of listing) this.show(id, names.sort(), changed);
    for (const stream of [...this.streams.values()]) {
      if (listing.has(stream.id)) continue;
      this.forget(stream);
      gone.push(stream);
    }
    return isWhole;
  }

  /** Goes through `logs/` entry by entry, because a list of 100,000 would take tens of megabytes. */
  private async eachChunk(take: (stream: string, name: string) => void): Promise<void> {
    const folder = opendirSync(this.logs, { bufferSize: entriesInOneGo });
    try {
      let count = 0;
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (CHUNK_NAME.test(entry.name)) take(entry.name.slice(0, STREAM_LENGTH), entry.name);
        if (++count % entriesInOneGo === 0) await nextTurn();
      }
    } finally {
      folder.closeSync();
    }
  }

  private show(id: string, names: readonly string[], changed: Set<StreamChunks>): void {
    const known = this.streams.get(id);
    if (isKnown(known, names) || (known === undefined && names.length === 0)) return;
    const stream = known ?? new StreamChunks(id);
    this.streams.set(id, stream);
    if (stream.update(names)) changed.add(stream);
  }

  /** A look at a chunk that was read to its end. */
  private look(stream: StreamChunks, changed: Set<StreamChunks>): void {
    if (stream.newest === undefined || changed.has(stream)) return;
    if (stream.sealedRound !== undefined && stream.sealedRound < this.rounds) {
      stream.isFinal = true;
      changed.add(stream);
      return;
    }
    const status = lstatSync(join(this.logs, stream.newest), { throwIfNoEntry: false });
    if (status === undefined) return;
    if ((status.mode & WRITE_BITS) === 0) stream.seal(status.size, this.rounds);
    if (status.size !== stream.watchedSize || stream.sealedSize !== undefined) changed.add(stream);
  }
}

function add(listing: Listing, stream: string, name: string): void {
  const known = listing.get(stream);
  if (known === undefined) listing.set(stream, [name]);
  else known.push(name);
}

function isKnown(stream: StreamChunks | undefined, names: readonly string[]): boolean {
  if (stream?.names.length !== names.length) return false;
  return names.every((name, index) => name === stream.names[index]);
}
