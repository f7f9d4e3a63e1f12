/**
 * Faults in the system calls of the capture side (`src/libc/faults.ts`): the writer never notices, the mirror is exact, and what is
 * in no chunk is counted and recorded.
 */
import assert from 'node:assert/strict';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chunksOf, isSealed } from '../harness/chunks.js';
import { output } from '../harness/commands.js';
import { assertAccounted, gapsOf } from '../harness/gaps.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { compiledTest } from '../harness/project.js';

const writers = 3;
const linesEach = 2000;

/** Each with whether something is lost by it. */
const cases: readonly [faults: string, loses: boolean][] = [
  ['write:ENOSPC:0.05', true],
  ['write:EIO:0.05', true],
  ['write:short:0.3,write:EINTR:0.3', false],
  ['open:EMFILE:0.6', true],
  ['open:ENOSPC:0.1', true],
  ['open:EINTR:0.3,fchmod:EINTR:0.3,fchown:EINTR:0.3,dup:EINTR:0.3', false],
  ['fchmod:EIO:0.5,fchown:EIO:0.5', false],
  ['dup:EMFILE:0.5,fsync:EIO:0.5,syncfs:EIO:0.5', false],
  ['statx:EIO:0.3,statx:EINTR:0.3', false],
  ['*:ENOSPC:0.01,*:EIO:0.01,*:EMFILE:0.01,*:EINTR:0.05,write:short:0.1', true],
];

/** Mounts with the faults in force in the server, and nowhere else. */
async function mountWith(fixture: MountFixture, faults: string): Promise<void> {
  process.env.LOGAGG_FAULTS = faults;
  try {
    await fixture.remount();
  } finally {
    delete process.env.LOGAGG_FAULTS;
  }
}

/** Numbered lines, each in its own write, with a sync now and then; errors are thrown. */
function writeAndSync(path: string): string {
  const fd = openSync(path, 'a');
  let written = '';
  for (let line = 0; line < linesEach; line++) {
    const text = `synced ${line}\n`;
    assert.equal(writeSync(fd, text), text.length);
    written += text;
    if (line % 50 === 0) fsyncSync(fd);
  }
  closeSync(fd);
  return written;
}

for (const [faults, loses] of cases) {
  test(`${faults}: no writer notices, and the counters are right`, { timeout: 60_000 }, async (t) => {
    const options = ['chunksize=2000', 'seal=0.1', 'group=adm', 'maxcache=50m'];
    const fixture = MountFixture.prepare(t, { patterns: ['*.log'], options });
    await mountWith(fixture, faults);
    const synced = fixture.path('synced.log');
    const expected = new Map<string, string>();
    const work = Array.from({ length: writers }, (_, writer) => {
      const files = [0, 1].map((file) => fixture.path(`${writer}-${file}.log`));
      const text = Array.from({ length: linesEach }, (_, line) => `writer${writer} ${line}\n`).join('');
      for (const file of files) expected.set(file, text);
      const args = [compiledTest('harness/line-writer.js'), `writer${writer}`, String(linesEach), ...files];
      return output(process.execPath, args, { timeout: 40_000 });
    });
    expected.set(synced, writeAndSync(synced));
    await Promise.all(work);
    await fixture.unmount();
    let missing = 0;
    for (const [path, text] of expected) {
      assert.equal(
        readFileSync(join(fixture.mirror, path.slice(fixture.mountpoint.length)), 'utf8'),
        text,
        'the mirror',
      );
      missing += assertAccounted(fixture.root, path, text);
      assert.ok(chunksOf(fixture.logs, path).every(isSealed), 'every chunk is sealed');
      for (const { reason } of gapsOf(fixture.root, path)) assert.match(reason, /^(full|EIO|EMFILE)$/);
    }
    assert.equal(missing > 0, loses, `${missing} bytes were lost`);
    const total = lastTotal(fixture.ownLog());
    assert.equal(total, missing, 'the own log has the sum');
    assert.doesNotMatch(fixture.ownLog(), /"defect: request/);
  });
}

test('a sync that could not cover the chunk is told in the log', { timeout: 60_000 }, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  await mountWith(fixture, 'dup:EMFILE:1');
  writeAndSync(fixture.path('synced.log'));
  await fixture.unmount();
  assert.match(fixture.ownLog(), /EMFILE.*captured bytes could not be synced/);
});

/** The sum of all losses, as the own log says it at the end. */
function lastTotal(log: string): number {
  const totals = [...log.matchAll(/"totalBytes":(\d+)/g)];
  return Number(totals.at(-1)?.[1] ?? 0);
}
