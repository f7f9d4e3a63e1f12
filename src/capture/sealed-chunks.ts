/**
 * The sealed chunks in `logs/`: how many bytes they hold, and which is the oldest.
 *
 * Guarantees: knows every chunk that was there at the start or was sealed since. A collector deletes chunks and tells nobody:
 * {@link SealedChunks.look} finds out, a bounded piece of the folder at a time, so that 100,000 chunks hold up nobody for long.
 * Until it has come round, what was deleted is still counted.
 */
import { type Dir, opendirSync } from 'node:fs';
import { noChunks, unpackChunks } from './packed-chunks.js';

/** Where the time begins in a chunk's name, behind the stream. */
const TIME_START = 33;

/** How many of the oldest chunks are found in one go: looking at all names takes some 20 ms for 100,000 of them. */
const BATCH = 1000;

/** Entries that are read in one go: some 10 ms. */
const ENTRIES_AT_A_TIME = 10_000;

/** A folder is looked through again, whatever its size, when so many more chunks are known than there were. */
const GROWTH_UNNOTICED = 1000;

export class SealedChunks {
  /** Bytes in all of them. */
  bytes = 0;
  private readonly sizes = new Map<string, number>();
  /** The oldest chunks, the oldest last. */
  private batch: string[] = [];
  /** What {@link nextOldest} has named is not older. */
  private named = '';
  private pass: { readonly directory: Dir; readonly seen: Set<string> } | undefined;
  private grownEnough = GROWTH_UNNOTICED;

  /**
   * @param logs - absolute path of `logs/`
   * @param leftovers - the chunks that are there at the start
   */
  constructor(
    private readonly logs: string,
    private leftovers = noChunks,
  ) {
    for (const bytes of leftovers.sizes) this.bytes += bytes;
  }

  get count(): number {
    return this.sizes.size + this.leftovers.sizes.length;
  }

  /** A chunk was sealed; it is newer than all others. */
  add(name: string, bytes: number): void {
    this.sizes.set(name, bytes);
    this.bytes += bytes;
    this.pass?.seen.add(name);
  }

  /** A chunk is gone. @returns its bytes */
  remove(name: string): number {
    const bytes = this.sizes.get(name) ?? 0;
    if (this.sizes.delete(name)) this.bytes -= bytes;
    return bytes;
  }

  /** The oldest chunk that this has not named yet; undefined behind the newest, and then it begins again. */
  nextOldest(): string | undefined {
    this.unpack();
    if (this.batch.length === 0) this.batch = this.findOldest(this.named);
    const oldest = this.batch.pop();
    this.named = oldest === undefined ? '' : keyOf(oldest);
    return oldest;
  }

  private unpack(): void {
    unpackChunks(this.leftovers, this.sizes);
    this.leftovers = noChunks;
  }

  /** The first chunks behind a key, the first one last. A folder is read in whatever order, so all have to be looked at. */
  private findOldest(after: string): string[] {
    let found: string[] = [];
    let last = '';
    for (const name of this.sizes.keys()) {
      const key = keyOf(name);
      if (key <= after || (last !== '' && key >= last)) continue;
      found.push(key);
      if (found.length < 2 * BATCH) continue;
      found = found.sort().slice(0, BATCH);
      last = found.at(-1) ?? '';
    }
    return found.sort().slice(0, BATCH).reverse().map(nameOf);
  }

  /** Whether more chunks are known than can be believed without a look. */
  get hasGrown(): boolean {
    return this.sizes.size >= this.grownEnough;
  }

  /** Whether a look has begun and not come round. */
  get isLooking(): boolean {
    return this.pass !== undefined;
  }

  /** Looks for chunks that somebody has deleted, from where the last look has stopped. @returns bytes in those that are gone */
  look(entries: number = ENTRIES_AT_A_TIME): number {
    this.unpack();
    try {
      this.pass ??= { directory: opendirSync(this.logs, { bufferSize: 1024 }), seen: new Set() };
      return this.goOn(this.pass, entries);
    } catch {
      // Removed or unreadable: nothing is known then.
      this.close();
      return 0;
    }
  }

  /** Lets go of the folder. */
  close(): void {
    this.pass?.directory.closeSync();
    this.pass = undefined;
  }

  private goOn({ directory, seen }: { directory: Dir; seen: Set<string> }, entries: number): number {
    for (let left = entries; left > 0; left--) {
      const entry = directory.readSync();
      if (entry === null) return this.comeRound(seen);
      seen.add(entry.name);
    }
    return 0;
  }

  private comeRound(seen: ReadonlySet<string>): number {
    this.close();
    let gone = 0;
    for (const name of this.sizes.keys()) if (!seen.has(name)) gone += this.remove(name);
    this.grownEnough = 2 * this.sizes.size + GROWTH_UNNOTICED;
    return gone;
  }
}

/** Sorts as chunks are old: by their time, which is followed by the rest of the name. */
function keyOf(name: string): string {
  return name.slice(TIME_START) + name.slice(0, TIME_START);
}

function nameOf(key: string): string {
  return key.slice(-TIME_START) + key.slice(0, -TIME_START);
}
