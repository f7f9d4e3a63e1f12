/**
 * The chunks of one stream that are in `logs/`, as far as they are known.
 *
 * Guarantees: names in the order of creation, without gaps: where one is listed, all older ones that exist are too. Does
 * not touch files.
 */

export class StreamChunks {
  /** File names, oldest first. Never changed in place. */
  names: readonly string[] = [];
  /** Size of the newest chunk once it was seen sealed: it has no more bytes then. */
  sealedSize: number | undefined;
  /**
   * Whether nothing follows the newest chunk: a listing that began after it was seen sealed shows no newer one. Before that
   * its last line may go on in a chunk that was made meanwhile.
   */
  isFinal = false;
  /** The inventory's round after which the newest chunk was seen sealed. */
  sealedRound: number | undefined;
  /** Size of the newest chunk up to which a destination has read it: more than that is news. */
  watchedSize = 0;
  /** A chunk that came back although newer ones were known: all that follows it has to be read again. */
  rewindTo: string | undefined;
  /** Full path of the log under the mountpoint; empty as long as nothing tells it. */
  path = '';

  /** @param id - md5 of the log's path */
  constructor(readonly id: string) {}

  get newest(): string | undefined {
    return this.names.at(-1);
  }

  /** Whether a chunk has no more bytes to come. */
  isComplete(chunk: string): boolean {
    return chunk !== this.newest || this.sealedSize !== undefined;
  }

  /** Index in {@link names} of a chunk, or of the first one behind it. */
  indexOf(chunk: string): number {
    let low = 0;
    let high = this.names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.names[middle] ?? '') < chunk) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(chunk: string): boolean {
    return this.names[this.indexOf(chunk)] === chunk;
  }

  /** Takes a new list. @returns whether anything was added */
  update(names: readonly string[]): boolean {
    const added = names.find((name) => !this.has(name));
    if (added !== undefined && added < (this.newest ?? '')) this.rewindTo = added;
    if (names.at(-1) !== this.newest) this.forgetSeal();
    this.names = names;
    return added !== undefined;
  }

  /** Forgets chunks that were removed. */
  drop(count: number): void {
    this.names = this.names.slice(count);
    if (this.names.length === 0) this.forgetSeal();
  }

  /** The newest chunk was seen with its final size. */
  seal(size: number, round: number): void {
    this.sealedSize = size;
    this.sealedRound ??= round;
  }

  private forgetSeal(): void {
    this.sealedSize = undefined;
    this.sealedRound = undefined;
    this.isFinal = false;
    this.watchedSize = 0;
  }
}
