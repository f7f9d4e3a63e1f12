/**
 * Reading what is known about chunks, the way a collector does.
 *
 * Guarantees: a later stretch at the same offset replaces the earlier one, as the format says.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chunksOf } from './chunks.js';
import type { MountFixture } from './mount-fixture.js';

/** First line of a file in `meta/`. */
export interface Header {
  readonly version: number;
  readonly path: string;
  readonly pathBase64?: string;
}

/** Every other line. */
export interface Stretch {
  readonly offset: number;
  readonly time: string;
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly command?: string;
}

/** Bytes of a chunk and who wrote them. */
export interface Written extends Stretch {
  readonly text: string;
}

/** The file in `meta/` of a chunk. @param chunk - name or path */
export function metaFileOf(fixture: MountFixture, chunk: string): string {
  return join(fixture.root, 'meta', basename(chunk).replace(/\.log$/, '.ndjson'));
}

export function headerOf(fixture: MountFixture, chunk: string): Header {
  return JSON.parse(linesOf(fixture, chunk)[0] ?? '') as Header;
}

/** The stretches of a chunk as they are in its file. */
export function stretchesOf(fixture: MountFixture, chunk: string): Stretch[] {
  return linesOf(fixture, chunk)
    .slice(1)
    .map((line) => JSON.parse(line) as Stretch);
}

/** What was written to a file below the mountpoint, stretch by stretch, through all of its chunks. */
export function writtenTo(fixture: MountFixture, name: string): Written[] {
  return chunksOf(fixture.logs, fixture.path(name)).flatMap((chunk) => {
    const bytes = readFileSync(chunk);
    const stretches = existsSync(metaFileOf(fixture, chunk)) ? stretchesOf(fixture, chunk) : [];
    return stretches
      .map((stretch, index) => ({
        ...stretch,
        text: bytes.toString('utf8', stretch.offset, stretches[index + 1]?.offset ?? bytes.length),
      }))
      .filter(({ text }) => text !== '');
  });
}

function linesOf(fixture: MountFixture, chunk: string): string[] {
  const text = readFileSync(metaFileOf(fixture, chunk), 'utf8');
  if (!text.endsWith('\n')) throw new Error(`${metaFileOf(fixture, chunk)} ends with half a line`);
  return text.slice(0, -1).split('\n');
}
