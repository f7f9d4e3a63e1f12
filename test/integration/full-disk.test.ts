/** A full disk below the log cache, the mirror on it as well: a small tmpfs, and a small file system in a file. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { append, captured } from '../harness/captured.js';
import { chunksOf } from '../harness/chunks.js';
import { eventually } from '../harness/commands.js';
import { assertAccounted, assertPieces, gapsOf, newlinesIn } from '../harness/gaps.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { type DiskKind, freeBytes, mountSmallDisk } from '../harness/small-disk.js';

const limit = { timeout: 120_000 };
const megabyte = 1 << 20;

/** Mounts with the log cache on a small disk, tracking every `*.log`. */
async function mountOn(
  t: TestContext,
  kind: DiskKind,
  options: readonly string[],
): Promise<{ fixture: MountFixture; disk: string }> {
  const fixture = MountFixture.prepare(t, { options: ['chunksize=100000', ...options] });
  const disk = await mountSmallDisk(t, kind, 20);
  const cache = join(disk, 'cache');
  mkdirSync(cache, { mode: 0o700 });
  symlinkSync(cache, fixture.root);
  fixture.writeTrackfiles(`${fixture.pattern('*.log')}\n`);
  await fixture.remount([`logfile=${join(fixture.folder, 'own.log')}`]);
  return { fixture, disk };
}

/** A block of different lines. */
function block(number: number, bytes: number): string {
  const line = (index: number) => `${number}.${index} `.padEnd(99, 'x').concat('\n');
  return Array.from({ length: bytes / 100 }, (_, index) => line(index)).join('');
}

/** Appends until the errno comes, or everything is written. @returns what was taken, and the errno */
function fill(fd: number, pieces: Iterable<string>): { taken: string; errno: string | undefined } {
  let taken = '';
  for (const piece of pieces) {
    try {
      taken += piece.slice(0, writeSync(fd, piece));
    } catch (error) {
      return { taken, errno: (error as NodeJS.ErrnoException).code };
    }
  }
  return { taken, errno: undefined };
}

function* blocks(count: number, bytes: number, from = 0): Generator<string> {
  for (let number = from; number < from + count; number++) yield block(number, bytes);
}

const ownLog = (fixture: MountFixture): string => readFileSync(join(fixture.folder, 'own.log'), 'utf8');

for (const kind of ['tmpfs', 'ext4'] as const) {
  test(
    `${kind}: a rotating log many times as large as the disk: no error, the oldest chunks give way, minfree= stays free`,
    limit,
    async (t) => {
      const { fixture, disk } = await mountOn(t, kind, ['minfree=4m', 'full=drop-oldest']);
      const fd = openSync(fixture.path('a.log'), 'a');
      let written = '';
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 40; round++) {
        const { taken, errno } = fill(fd, blocks(50, 20_000, round * 50));
        assert.equal(errno, undefined, `round ${round}`);
        written += taken;
        least = Math.min(least, freeBytes(disk));
        ftruncateSync(fd, 0);
      }
      closeSync(fd);
      assert.ok(least >= 3 * megabyte, `${least} bytes were free at least`);
      assert.ok(written.endsWith(captured(fixture, 'a.log')), 'what is left is the end');
      assert.ok(captured(fixture, 'a.log').length > 8 * megabyte, 'the room is used');
      await fixture.unmount();
      assert.ok(assertAccounted(fixture.root, fixture.path('a.log'), written) > 20 * megabyte);
    },
  );

  test(
    `${kind}: the mirror's ENOSPC reaches the writer, what it refused is not captured, and all resumes with room`,
    limit,
    async (t) => {
      const { fixture, disk } = await mountOn(t, kind, ['minfree=0', 'full=drop-new']);
      const fd = openSync(fixture.path('a.log'), 'a');
      let { taken, errno } = fill(fd, blocks(2000, 20_000));
      assert.equal(errno, 'ENOSPC');
      assert.equal(readFileSync(join(fixture.mirror, 'a.log'), 'utf8'), taken);
      assert.ok(assertPieces(fixture.root, fixture.path('a.log'), taken).length > megabyte);
      // Room for the mirror and the chunks: what a collector and a rotation make.
      for (const chunk of chunksOf(fixture.logs, fixture.path('a.log')).slice(1)) rmSync(chunk);
      const kept = captured(fixture, 'a.log');
      ftruncateSync(fd, 0);
      assert.ok(freeBytes(disk) > 10 * megabyte);
      let number = 5000;
      await eventually(
        () => {
          const probe = block(number++, 100);
          const result = fill(fd, [probe]);
          assert.equal(result.errno, undefined);
          taken += probe;
          return captured(fixture, 'a.log').endsWith(probe);
        },
        { within: 10_000, what: 'captured again' },
      );
      closeSync(fd);
      await fixture.unmount();
      assert.ok(taken.startsWith(kept), 'in order');
      const gaps = gapsOf(fixture.root, fixture.path('a.log'));
      assert.ok(gaps.every(({ reason, from }) => reason === 'full' && from === undefined));
      for (const gap of gaps) assert.ok(gap.lines * 100 >= gap.bytes - 200);
    },
  );

  test(
    `${kind}: a disk that others fill stops capture, never the writer, and capture comes back by itself`,
    limit,
    async (t) => {
      const { fixture, disk } = await mountOn(t, kind, ['minfree=0', 'full=drop-oldest']);
      // Its blocks are there already: the mirror needs none.
      const path = fixture.path('a.log');
      writeFileSync(join(fixture.mirror, 'a.log'), 'y'.repeat(2 * megabyte));
      const fd = openSync(path, 'r+');
      const write = (number: number, position: number): string => {
        const text = block(number, 20_000);
        assert.equal(writeSync(fd, text, position), text.length);
        return text;
      };
      let written = write(0, 0);
      const others = join(disk, 'others');
      fillUp(others);
      for (let number = 1; number < 100; number++) written += write(number, number * 20_000);
      rmSync(others);
      let number = 100;
      await eventually(
        () => {
          const text = write(number++, 0);
          written += text;
          return captured(fixture, 'a.log').endsWith(text);
        },
        { within: 10_000, what: 'captured again' },
      );
      closeSync(fd);
      await fixture.unmount();
      assert.ok(assertAccounted(fixture.root, path, written) > megabyte);
      assert.match(ownLog(fixture), /"reason":"ENOSPC"/);
    },
  );

  test(
    `${kind}: full=fail on a full disk: the write gets ENOSPC, and neither mirror nor chunks have any of it`,
    limit,
    async (t) => {
      const { fixture } = await mountOn(t, kind, ['minfree=0', 'full=fail']);
      const fd = openSync(fixture.path('a.log'), 'a');
      const { taken, errno } = fill(fd, blocks(2000, 20_000));
      assert.equal(errno, 'ENOSPC');
      assert.ok(newlinesIn(taken) > 50_000, 'most of the disk is used');
      assert.equal(readFileSync(join(fixture.mirror, 'a.log'), 'utf8'), taken);
      assert.equal(captured(fixture, 'a.log'), taken);
      for (const chunk of chunksOf(fixture.logs, fixture.path('a.log')).slice(0, -1)) rmSync(chunk);
      const more = block(9999, 1000);
      await eventually(() => fill(fd, [more]).errno === undefined, { within: 10_000, what: 'a write that succeeds' });
      assert.ok(captured(fixture, 'a.log').endsWith(more));
      closeSync(fd);
    },
  );

  test(`${kind}: a restart in the full state, and many streams after it`, limit, async (t) => {
    const { fixture, disk } = await mountOn(t, kind, ['minfree=20%', 'full=drop-oldest']);
    const path = fixture.path('a.log');
    const fd = openSync(path, 'a');
    for (let round = 0; round < 20; round++) {
      assert.equal(fill(fd, blocks(50, 20_000, round * 50)).errno, undefined);
      ftruncateSync(fd, 0);
    }
    closeSync(fd);
    await fixture.unmount();
    await fixture.remount([`logfile=${join(fixture.folder, 'own.log')}`]);
    const names = Array.from({ length: 40 }, (_, index) => `many-${index}.log`);
    for (let round = 0; round < 20; round++) for (const name of names) append(fixture, name, block(round, 2000));
    const expected = Array.from(blocks(20, 2000)).join('');
    for (const name of names) assert.equal(captured(fixture, name), expected, name);
    assert.ok(freeBytes(disk) > 3 * megabyte);
  });
}

/** Takes all space there is. */
function fillUp(path: string): void {
  for (const size of [megabyte, 65_536, 4096, 512]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}
