/** Many writers at the same time: every line exactly once, in each writer's order. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capturedBytes, chunksOf } from '../harness/chunks.js';
import { output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { compiledTest } from '../harness/project.js';

const writers = 8;
const linesEach = 12_500;

/** Numbers that a writer's lines carry, in the order in which they stand in the text. */
function numbersOf(text: string, writer: number): number[] {
  const mark = `writer${writer} `;
  return text
    .split('\n')
    .filter((line) => line.startsWith(mark))
    .map((line) => Number(line.slice(mark.length)));
}

const inOrder = Array.from({ length: linesEach }, (_, line) => line);

test('eight processes append 200,000 lines to a shared and to their own files: each line once, in order', {
  timeout: 300_000,
}, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  const shared = fixture.path('shared.log');
  const own = (writer: number): string => fixture.path(`own-${writer}.log`);
  await Promise.all(
    Array.from({ length: writers }, (_, writer) =>
      output(
        process.execPath,
        [compiledTest('harness/line-writer.js'), `writer${writer}`, String(linesEach), shared, own(writer)],
        { timeout: 240_000 },
      ),
    ),
  );
  const sharedBytes = capturedBytes(fixture.logs, shared);
  assert.ok(sharedBytes.equals(readFileSync(join(fixture.mirror, 'shared.log'))), 'chunks and mirror have one order');
  assert.equal(sharedBytes.toString().split('\n').length - 1, writers * linesEach);
  assert.ok(chunksOf(fixture.logs, shared).length > 1, 'more than one chunk');
  for (let writer = 0; writer < writers; writer++) {
    assert.deepEqual(numbersOf(sharedBytes.toString(), writer), inOrder, `writer ${writer} in the shared file`);
    const ownText = capturedBytes(fixture.logs, own(writer)).toString();
    assert.equal(ownText, inOrder.map((line) => `writer${writer} ${line}\n`).join(''), `own file of writer ${writer}`);
  }
});
