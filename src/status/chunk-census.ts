/**
 * What is in `logs/`: how many chunks and bytes of which stream, and how old.
 *
 * Guarantees: looks only when asked, and again only after a pause that grows with the work (at least a second, and twenty times what
 * the last look took), so that it takes at most a twentieth of a thread's time however many chunks there are. Works in
 * pieces of some milliseconds. The size of a chunk is asked once, unless it is the newest of its stream. Changes nothing.
 */
import { lstatSync, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BacklogStatus } from './status-document.js';

const ENTRIES_IN_ONE_GO = 512;
const SHORTEST_PAUSE = 900;
const PAUSE_FACTOR = 20;
const WRITE_BITS = 0o222;
const CHUNK_NAME = /^[0-9a-f]{32}\.\d{10}\.\d{7}\.log$/;
const STREAM_LENGTH = 32;
/** Where the seconds stand in a name. */
const SECONDS_START = 33;
const SECONDS_END = 43;

/** The chunks of one stream. */
export interface StreamChunkCensus {
  /** File names and sizes, oldest first. */
  readonly chunks: readonly { readonly name: string; readonly bytes: number }[];
  /** Name of the chunk that is being written; undefined when all are sealed. */
  readonly live: string | undefined;
}

export type Census = ReadonlyMap<string, StreamChunkCensus>;

export class ChunkCensus {
  /** Undefined until somebody asks: names take memory. */
  private last: Census | undefined;
  private sizes: ReadonlyMap<string, number> = new Map();
  private nextLook = Number.NEGATIVE_INFINITY;
  private running: Promise<Census> | undefined;

  /**
   * @param logs - absolute path of `logs/`
   * @param knownSizes - of chunks that will not change; asked once
   */
  constructor(
    private readonly logs: string,
    private readonly knownSizes: () => ReadonlyMap<string, number> = () => new Map(),
  ) {}

  private get known(): Census {
    if (this.last === undefined) {
      this.sizes = this.knownSizes();
      this.last = byStream(this.sizes);
    }
    return this.last;
  }

  /** As {@link look}, or after so many milliseconds what is known so far: of 100,000 chunks the first look takes seconds. */
  async lookFor(milliseconds: number): Promise<Census> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<Census>((resolve) => {
      timer = setTimeout(() => resolve(this.known), milliseconds).unref();
    });
    const census = await Promise.race([this.look(), patience]);
    clearTimeout(timer);
    return census;
  }

  /** @returns what was found last, a moment ago at most while there are few chunks; nothing where `logs/` can't be read */
  look(): Promise<Census> {
    const { known } = this;
    if (this.running !== undefined) return this.running;
    if (performance.now() < this.nextLook) return Promise.resolve(known);
    this.running = this.lookNow().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async lookNow(): Promise<Census> {
    const begun = performance.now();
    const census = await this.count().catch((): Census => new Map());
    this.last = census;
    const end = performance.now();
    this.nextLook = end + Math.max(SHORTEST_PAUSE, (end - begun) * PAUSE_FACTOR);
    return census;
  }

  private async count(): Promise<Census> {
    const census = new Map<string, StreamChunkCensus>();
    const sizes = new Map<string, number>();
    let looked = 0;
    for (const [stream, names] of await this.names()) {
      names.sort();
      const newest = names.at(-1);
      const chunks: { name: string; bytes: number }[] = [];
      let live: string | undefined;
      for (const name of names) {
        const known = this.sizes.get(name);
        if (known === undefined && ++looked % ENTRIES_IN_ONE_GO === 0) await nextTurn();
        const status = known === undefined ? this.statusOf(name) : { size: known, mode: 0 };
        // Somebody has collected it meanwhile.
        if (status === undefined) continue;
        chunks.push({ name, bytes: status.size });
        const isLive = name === newest && (status.mode & WRITE_BITS) !== 0;
        if (isLive) live = name;
        else sizes.set(name, status.size);
      }
      if (chunks.length > 0) census.set(stream, { chunks, live });
    }
    this.sizes = sizes;
    return census;
  }

  private statusOf(name: string): { readonly size: number; readonly mode: number } | undefined {
    try {
      return lstatSync(join(this.logs, name), { throwIfNoEntry: false });
    } catch {
      return undefined;
    }
  }

  private async names(): Promise<Map<string, string[]>> {
    const names = new Map<string, string[]>();
    const folder = opendirSync(this.logs, { bufferSize: ENTRIES_IN_ONE_GO });
    try {
      let count = 0;
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (CHUNK_NAME.test(entry.name)) addTo(names, entry.name.slice(0, STREAM_LENGTH), entry.name);
        if (++count % ENTRIES_IN_ONE_GO === 0) await nextTurn();
      }
    } finally {
      folder.closeSync();
    }
    return names;
  }
}

function addTo(names: Map<string, string[]>, stream: string, name: string): void {
  const known = names.get(stream);
  if (known === undefined) names.set(stream, [name]);
  else known.push(name);
}

/** Chunks of which nothing is known but name and size. */
function byStream(sizes: ReadonlyMap<string, number>): Census {
  const chunks = new Map<string, { name: string; bytes: number }[]>();
  for (const [name, bytes] of sizes) {
    const stream = name.slice(0, STREAM_LENGTH);
    const list = chunks.get(stream);
    if (list === undefined) chunks.set(stream, [{ name, bytes }]);
    else list.push({ name, bytes });
  }
  return new Map([...chunks].map(([stream, list]) => [stream, { chunks: list, live: undefined }]));
}

/** Counts chunks up. */
export class BacklogSum {
  private chunks = 0;
  private bytes = 0;
  private oldest = Number.POSITIVE_INFINITY;

  /** @param isOld - its bytes are as old as its name says */
  add(name: string, bytes: number, isOld = true): void {
    this.chunks++;
    this.bytes += bytes;
    if (!isOld) return;
    this.oldest = Math.min(this.oldest, Number(name.slice(SECONDS_START, SECONDS_END)) * 1000);
  }

  status(now = Date.now()): BacklogStatus {
    const { chunks, bytes, oldest } = this;
    const age = Number.isFinite(oldest) ? Math.max(0, Math.round((now - oldest) / 1000)) : 0;
    return { chunks, bytes, oldestSeconds: chunks === 0 ? null : age };
  }
}

/** All chunks of one stream. */
export function backlogOfStream(stream: StreamChunkCensus | undefined, now?: number): BacklogStatus {
  const sum = new BacklogSum();
  for (const { name, bytes } of stream?.chunks ?? []) sum.add(name, bytes);
  return sum.status(now);
}

/** All chunks of all streams. */
export function backlogOfAll(census: Census, now?: number): BacklogStatus {
  const sum = new BacklogSum();
  for (const { chunks } of census.values()) for (const { name, bytes } of chunks) sum.add(name, bytes);
  return sum.status(now);
}

/**
 * What lies behind a position in each stream. What follows in a live chunk of which something was reached is new, however old the
 * chunk is.
 *
 * @param reached - chunk and offset that are done; undefined for nothing
 */
export function backlogBehind(
  census: Census,
  reached: (stream: string) => { readonly chunk: string; readonly offset: number } | undefined,
  now?: number,
): BacklogStatus {
  const sum = new BacklogSum();
  for (const [stream, { chunks, live }] of census) {
    const position = reached(stream);
    for (const { name, bytes } of chunks) {
      const done =
        position === undefined || position.chunk < name ? 0 : position.chunk > name ? bytes : position.offset;
      if (done < bytes) sum.add(name, bytes - done, done === 0 || name !== live);
    }
  }
  return sum.status(now);
}
