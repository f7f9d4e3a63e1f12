/**
 * A mirror of a temporary folder, for unit tests. Needs no root: the caller is whoever runs the test.
 */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkClock } from '../../src/capture/chunk-clock.js';
import { ChunkStore } from '../../src/capture/chunk-store.js';
import { Losses } from '../../src/capture/losses.js';
import { PatternSet } from '../../src/capture/pattern-set.js';
import { SkippedWriters } from '../../src/capture/skipped-writers.js';
import { StreamTable } from '../../src/capture/stream-table.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { Caller } from '../../src/mirror/caller.js';
import { Entries } from '../../src/mirror/entries.js';
import { EntryName } from '../../src/mirror/entry-name.js';
import { Files } from '../../src/mirror/files.js';
import { Mirror } from '../../src/mirror/mirror.js';
import type { Node } from '../../src/mirror/node.js';
import { unlimitedRoom } from '../harness/cache-room.js';
import { temporaryPrefix } from '../harness/project.js';

/** umask for new entries. */
export const umask = 0o022;

export class TemporaryMirror {
  readonly folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  readonly mirror: Mirror;
  readonly entries: Entries;
  readonly files: Files;
  private readonly rootFd = openSync(this.folder, 'r');
  private readonly clockFolder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  private readonly clock = new ChunkClock(join(this.clockFolder, 'clock'), 0n);
  private readonly umaskBefore = process.umask();

  constructor() {
    const caller = new Caller();
    caller.uid = process.getuid?.() ?? 0;
    caller.gid = process.getgid?.() ?? 0;
    this.mirror = new Mirror(this.rootFd, caller, 100);
    this.entries = new Entries(this.mirror);
    const logs = join(this.clockFolder, 'logs');
    const store = new ChunkStore({ logs, gid: undefined, chunkSize: 1000 }, this.clock, unlimitedRoom(logs));
    // Nothing is tracked: capture has tests of its own.
    const streams = new StreamTable(new PatternSet([], () => undefined), store, new Losses(), {
      mountpoint: '/var/log',
      sealMilliseconds: 1000,
      skippedWriters: new SkippedWriters([]),
    });
    this.files = new Files(this.mirror, this.entries, streams);
  }

  get root(): Node {
    return this.mirror.nodes.root;
  }

  /** Path of an entry in the folder itself. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** The node of an entry. @throws when there is none */
  lookup(name: string, parent: Node = this.root): Node {
    const node = this.entries.lookup(parent, nameOf(name));
    if (typeof node === 'number') throw new Error(`${name}: errno ${-node}`);
    return node;
  }

  remove(): void {
    process.umask(this.umaskBefore);
    this.clock.close();
    closeSync(this.rootFd);
    for (const folder of [this.folder, this.clockFolder]) rmSync(folder, { recursive: true, force: true });
  }
}

/** A name as a request would hold it. */
export function nameOf(text: string): EntryName {
  const region = new MemoryRegion(4096);
  region.putString(0, text);
  const name = new EntryName(region);
  name.locate(region, 0, region.size);
  return name;
}
