/**
 * Paths of streams by their chunks, as `meta/` tells them.
 *
 * Guarantees: looks at most twice into `meta/` for a stream, and again for one that was not found only after half a minute: there may be
 * many thousands of them. Bounded.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { metaName } from '../capture/meta-name.js';

const RETRY_MS = 30_000;
const CHUNKS = 2;
/** The first line has a path of at most 4096 bytes, escaped, perhaps twice. */
const HEAD_BYTES = 32 * 1024;
const MAX_PATHS = 50_000;

export class StreamPaths {
  private readonly known = new Map<string, { readonly path: string; readonly until: number }>();

  /** @param meta - absolute path of `meta/` */
  constructor(private readonly meta: string) {}

  /** @param chunks - names of its chunks, oldest first. @returns `stream <md5>` where nothing tells it */
  pathOf(id: string, chunks: readonly { readonly name: string }[]): string {
    const known = this.known.get(id);
    if (known !== undefined && performance.now() < known.until) return known.path;
    const found = this.find(chunks);
    const until = found === undefined ? performance.now() + RETRY_MS : Number.POSITIVE_INFINITY;
    const path = found ?? `stream ${id}`;
    if (this.known.size >= MAX_PATHS) this.known.clear();
    this.known.set(id, { path, until });
    return path;
  }
  private find(chunks: readonly { readonly name: string }[]): string | undefined {
    for (const { name } of chunks.slice(-CHUNKS).reverse()) {
      const path = pathIn(join(this.meta, metaName(name)));
      if (path !== undefined) return path;
    }
    return undefined;
  }
}

/** The path that the first line of a file in `meta/` names. */
function pathIn(file: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const head = Buffer.alloc(HEAD_BYTES);
    const [line = ''] = head.toString('utf8', 0, readSync(fd, head)).split('\n', 1);
    const header: { path?: unknown } = JSON.parse(line);
    return typeof header.path === 'string' ? header.path : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
