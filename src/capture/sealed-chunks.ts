/**
 * The sealed chunks in `logs/`: how many bytes they hold, and which is the oldest.
 *
 * Guarantees: knows every chunk that was there at the start or was sealed since. A collector deletes chunks and tells nobody:
 * {@link SealedChunks.look} finds out, a bounded piece of the folder at a time, so that 100,000 chunks hold up nobody for long.
 * Until it has come round, what was deleted is still counted.
 */
import { type Dir, opendirSync } from 'node:fs';

/** Where the time begins in a chunk's name, behind the stream; and how long it is, with what follows. */
const TIME_START = 33;
const TIME_LENGTH = 22;

/** Entries that are read in one go: some 10 ms. */
const ENTRIES_AT_A_TIME = 10_000;

/** A folder is looked through again, whatever its size, when so many more chunks are known than there were. */
const GROWTH_UNNOTICED = 1000;

export class SealedChunks {
  /** Bytes in all of them. */
  bytes = 0;
  private sizes: Map<string, number>;
  private isSorted: boolean;
  /** Goes over the names from the oldest on, and stays good while chunks come and go. */
  private cursor: Iterator<string>;
  private pass: { readonly directory: Dir; readonly missing: Set<string> } | undefined;
  private grownEnough = GROWTH_UNNOTICED;

  /**
   * @param logs - absolute path of `logs/`
   * @param leftovers - sizes of the chunks that are there at the start, by name; given away
   */
  constructor(
    private readonly logs: string,
    leftovers: Map<string, number> = new Map(),
  ) {
    this.sizes = leftovers;
    this.isSorted = leftovers.size === 0;
    this.cursor = leftovers.keys();
    for (const bytes of leftovers.values()) this.bytes += bytes;
    this.grownEnough += 2 * leftovers.size;
  }

  get count(): number {
    return this.sizes.size;
  }

  /** A chunk was sealed; it is newer than all others. */
  add(name: string, bytes: number): void {
    this.sizes.set(name, bytes);
    this.bytes += bytes;
  }

  /** A chunk is gone. @returns its bytes */
  remove(name: string): number {
    const bytes = this.sizes.get(name) ?? 0;
    if (this.sizes.delete(name)) this.bytes -= bytes;
    return bytes;
  }

  /** The oldest chunk that this has not named yet; undefined behind the newest, and then it begins again. */
  nextOldest(): string | undefined {
    if (!this.isSorted) this.sort();
    const next = this.cursor.next();
    if (next.done !== true) return next.value;
    this.cursor = this.sizes.keys();
    return undefined;
  }

  /** A folder is read in whatever order; only who drops the oldest has to know which that is. */
  private sort(): void {
    const keys = [...this.sizes.keys()].map((name) => name.slice(TIME_START) + name).sort();
    const names = keys.map((key) => key.slice(TIME_LENGTH));
    this.sizes = new Map(names.map((name) => [name, this.sizes.get(name) ?? 0]));
    this.cursor = this.sizes.keys();
    this.isSorted = true;
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
    try {
      this.pass ??= { directory: opendirSync(this.logs, { bufferSize: 1024 }), missing: new Set(this.sizes.keys()) };
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

  private goOn({ directory, missing }: { directory: Dir; missing: Set<string> }, entries: number): number {
    for (let left = entries; left > 0; left--) {
      const entry = directory.readSync();
      if (entry === null) return this.comeRound(missing);
      missing.delete(entry.name);
    }
    return 0;
  }

  private comeRound(missing: ReadonlySet<string>): number {
    this.close();
    let gone = 0;
    for (const name of missing) gone += this.remove(name);
    this.grownEnough = 2 * this.sizes.size + GROWTH_UNNOTICED;
    return gone;
  }
}
