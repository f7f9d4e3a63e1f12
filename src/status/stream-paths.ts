/**
 * Paths of streams by their chunks, as `meta/` tells them.
 *
 * Guarantees: looks at most twice into `meta/` for a stream, and again for one that was not found only after half a minute: there may be
 * many thousands of them. Bounded.
 */
import { AccountNames } from '../collector/account-names.js';
import { ProvenanceBook } from '../collector/provenance.js';

const RETRY_MS = 30_000;
const CHUNKS = 2;
const MAX_PATHS = 50_000;

export class StreamPaths {
  private readonly book: ProvenanceBook;
  private readonly known = new Map<string, { readonly path: string; readonly until: number }>();

  /** @param meta - absolute path of `meta/` */
  constructor(meta: string) {
    this.book = new ProvenanceBook(meta, new AccountNames());
  }

  /** @param chunks - names of its chunks, oldest first. @returns `stream <md5>` where nothing tells it */
  pathOf(id: string, chunks: readonly { readonly name: string }[]): string {
    const known = this.known.get(id);
    if (known !== undefined && performance.now() < known.until) return known.path;
    const found = this.book.pathOf(chunks.slice(-CHUNKS).map(({ name }) => name));
    const until = found === '' ? performance.now() + RETRY_MS : Number.POSITIVE_INFINITY;
    const path = found === '' ? `stream ${id}` : found;
    if (this.known.size >= MAX_PATHS) this.known.clear();
    this.known.set(id, { path, until });
    return path;
  }
}
