/**
 * Nodes whose lookups one READDIRPLUS has counted up, noted in the memory that outlives the server: if it dies before the reply
 * the kernel knows of none of these lookups.
 *
 * Guarantees: tells only those of the request that is asked for. Of one request's nodes it keeps the first 16,384, which is more
 * than fit into a reply.
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
  /** @param words - the last server's, or zeros: as many as {@link COUNTED_NODES_WORDS} */
  constructor(private readonly words: Uint32Array) {}

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
  take(uniqueLow: number, uniqueHigh: number): number[] {
    if (!this.isAbout(uniqueLow, uniqueHigh)) return [];
    const count = this.get(COUNT);
    this.words[COUNT] = 0;
    return Array.from({ length: count }, (_, item) => this.get(IDS + 2 * item) + this.get(IDS + 2 * item + 1) * TWO_32);
  }

  private isAbout(uniqueLow: number, uniqueHigh: number): boolean {
    return this.words[0] === uniqueLow && this.words[1] === uniqueHigh;
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}
