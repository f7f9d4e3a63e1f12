/**
 * Gaps in what was captured, as a collector finds them in `meta/`, and whether they explain all that is missing.
 *
 * Guarantees: reads only.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chunksOf, streamOf } from './chunks.js';

/** One line of a journal of gaps. */
export interface Gap {
  readonly time: string;
  readonly path?: string;
  readonly bytes: number;
  readonly lines: number;
  readonly from?: string;
  readonly to?: string;
  readonly reason: string;
}

/** The gaps of a path, in the order in which they were recorded. */
export function gapsOf(root: string, path: string): Gap[] {
  const file = join(root, 'meta', `${streamOf(path)}.gaps.ndjson`);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'the last line is whole');
  return lines.map((line) => JSON.parse(line) as Gap);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** How many newlines there are. */
export const newlinesIn = (text: string): number => text.split('\n').length - 1;

/**
 * Every chunk is a piece of what was written, in order.
 * @param written - all that was written to the path since the cache was made, each line of it different
 * @returns what was captured
 */
export function assertPieces(root: string, path: string, written: string): string {
  let position = 0;
  let captured = '';
  for (const chunk of chunksOf(join(root, 'logs'), path)) {
    const text = readFileSync(chunk, 'latin1');
    const found = written.indexOf(text, position);
    assert.ok(found >= 0, `${basename(chunk)} is a piece of what was written, behind the chunks before it`);
    position = found + text.length;
    captured += text;
  }
  return captured;
}

/** {@link assertPieces}, and the gaps have exactly the bytes and newlines that are in no chunk. @returns how many bytes those are */
export function assertAccounted(root: string, path: string, written: string): number {
  const captured = assertPieces(root, path, written);
  const gaps = gapsOf(root, path);
  const missing = written.length - captured.length;
  assert.equal(sum(gaps.map(({ bytes }) => bytes)), missing, `bytes missing in ${path}`);
  assert.equal(
    sum(gaps.map(({ lines }) => lines)),
    newlinesIn(written) - newlinesIn(captured),
    `lines missing in ${path}`,
  );
  for (const gap of gaps) assert.match(gap.time, /^\d{19}$/);
  return missing;
}
