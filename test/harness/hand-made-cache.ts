/**
 * A log cache made by hand: chunks with the names and modes that the mount gives them, without a mount.
 *
 * Guarantees: a folder of its own, removed at the end of the test. Chunks of one cache have growing times in their names,
 * whatever their stream.
 */
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamOf } from './chunks.js';
import type { CleanUpRegistry } from './mount-fixture.js';
import { temporaryPrefix } from './project.js';

const SEALED = 0o400;
const firstSecond = 1_763_700_000;
const perSecond = 1000;

export class HandMadeCache {
  /** Holds the cache, and whatever else a test puts there. */
  readonly folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}cache-`));
  readonly root = join(this.folder, 'root');
  readonly logs = join(this.root, 'logs');
  readonly meta = join(this.root, 'meta');
  private made = 0;

  constructor(context: CleanUpRegistry) {
    mkdirSync(this.logs, { recursive: true });
    mkdirSync(this.meta);
    context.after(async () => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** A path beside the cache. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** The next chunk of a log, sealed. @returns its file name */
  sealed(path: string, content: string | Buffer): string {
    const name = this.live(path, content);
    this.seal(name);
    return name;
  }

  /** The next chunk of a log, still being written. */
  live(path: string, content: string | Buffer): string {
    const time = this.made++;
    const seconds = String(firstSecond + Math.floor(time / perSecond)).padStart(10, '0');
    const name = `${streamOf(path)}.${seconds}.${String(time % perSecond).padStart(7, '0')}.log`;
    writeFileSync(join(this.logs, name), content, { mode: 0o600 });
    return name;
  }

  append(chunk: string, content: string | Buffer): void {
    appendFileSync(join(this.logs, chunk), content);
  }

  seal(chunk: string): void {
    chmodSync(join(this.logs, chunk), SEALED);
  }

  /** What the mount knows about a chunk. */
  provenance(chunk: string, ...lines: readonly unknown[]): void {
    const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
    writeFileSync(join(this.meta, chunk.replace(/\.log$/, '.ndjson')), text);
  }

  /** Tells the path of a log through one of its chunks. */
  tellPath(chunk: string, path: string): void {
    this.provenance(chunk, { version: 1, path });
  }

  chunks(): string[] {
    return readdirSync(this.logs).sort();
  }
}
