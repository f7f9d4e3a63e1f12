/**
 * Nodes whose lookups one READDIRPLUS has counted up, noted in the memory that outlives the server: if it dies before the reply
 * the kernel knows of none of these lookups.
 *
 * Guarantees: tells only those of the request that is asked for. Of one request's nodes it keeps the first 16,384, which is more
 * than fit into a reply. What a dead server has left the next one knows until the request comes again, whatever other requests
 * come before.
 *
 * Does not: keep it for a third server, if the second dies after it has counted others. Those nodes stay known until the unmount.
 *
 * Layout, in words: the request's `unique` (low, high), how many nodes, one unused; then their ids, two words each, low first.
 */

const MOST = 16_384;
const COUNT = 2;
const IDS = 4;
const TWO_32 = 2 ** 32;

/** Words that the notes take. */
export const COUNTED_NODES_WORDS: number = IDS + 2 * MOST;

export class CountedNodes {
  /** What the words said before this server changed them. */
  private left: { uniqueLow: number; uniqueHigh: number; ids: readonly number[] } | undefined;

  /** @param words - the last server's, or zeros: as many as {@link COUNTED_NODES_WORDS} */
  constructor(private readonly words: Uint32Array) {}

  /** To be asked before any request, where another server was before. */
  restore(): void {
    this.left = { uniqueLow: this.get(0), uniqueHigh: this.get(1), ids: this.ids() };
  }

  /** A node was counted up for a request; nodes of any other request are dropped. */
  add(uniqueLow: number, uniqueHigh: number, idLow: number, idHigh: number): void {
    const { words } = this;
    if (!this.isAbout(uniqueLow, uniqueHigh)) {
      words[COUNT] = 0;
      words[0] = uniqueLow;
      words[1] = uniqueHigh;
    }
    const count = this.get(COUNT);
    if (count >= MOST) return;
    words[IDS + 2 * count] = idLow;
    words[IDS + 2 * count + 1] = idHigh;
    words[COUNT] = count + 1;
  }

  /** Ids of the nodes that were counted for a request; they are told once. */
  take(uniqueLow: number, uniqueHigh: number): readonly number[] {
    const { left } = this;
    if (left?.uniqueLow !== uniqueLow || left.uniqueHigh !== uniqueHigh) return [];
    this.left = undefined;
    if (this.isAbout(uniqueLow, uniqueHigh)) this.words[COUNT] = 0;
    return left.ids;
  }

  private ids(): number[] {
    const id = (at: number): number => this.get(at) + this.get(at + 1) * TWO_32;
    return Array.from({ length: this.get(COUNT) }, (_, item) => id(IDS + 2 * item));
  }

  private isAbout(uniqueLow: number, uniqueHigh: number): boolean {
    return this.words[0] === uniqueLow && this.words[1] === uniqueHigh;
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}
