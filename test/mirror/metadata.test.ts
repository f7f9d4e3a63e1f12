import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MemoryRegion } from '../../src/libc/memory.js';
import { type AttributeChange, Metadata, UTIME_OMIT } from '../../src/mirror/metadata.js';
import { TemporaryMirror } from './temporary-mirror.js';

const EINVAL = -22;
const EOPNOTSUPP = -95;

const nothing: AttributeChange = {
  size: undefined,
  sizeFd: -1,
  mode: undefined,
  uid: undefined,
  gid: undefined,
  clearSetId: false,
  hasTimes: false,
};

describe('metadata', () => {
  let temporary: TemporaryMirror;
  let metadata: Metadata;
  beforeEach(() => {
    temporary = new TemporaryMirror();
    metadata = new Metadata(temporary.mirror);
    writeFileSync(temporary.path('f'), 'some text');
  });
  afterEach(() => temporary.remove());

  const change = (name: string, changes: Partial<AttributeChange>): number =>
    metadata.setattr(temporary.lookup(name), { ...nothing, ...changes });

  test('tells the status of the inode', () => {
    assert.equal(metadata.getattr(temporary.lookup('f')), 0);
    assert.equal(temporary.mirror.status.size, 9);
    assert.ok(temporary.mirror.status.isRegular);
  });

  test('a change of nothing changes nothing and tells the status', () => {
    const before = statSync(temporary.path('f'));
    assert.equal(change('f', {}), 0);
    assert.equal(temporary.mirror.status.size, 9);
    assert.equal(statSync(temporary.path('f')).ctimeMs, before.ctimeMs);
  });

  test('a new size cuts the file, or makes it longer', () => {
    assert.equal(change('f', { size: 4n }), 0);
    assert.equal(temporary.mirror.status.size, 4);
    assert.equal(change('f', { size: 100_000n }), 0);
    assert.equal(statSync(temporary.path('f')).size, 100_000);
  });

  test('a size that no file has is an error', () => {
    assert.equal(change('f', { size: -1n }), EINVAL);
    assert.equal(statSync(temporary.path('f')).size, 9);
  });

  test('a new mode is set, its type left as it is', () => {
    assert.equal(change('f', { mode: 0o170_640 }), 0);
    assert.equal(statSync(temporary.path('f')).mode, 0o100_640);
  });

  test('a symlink has no mode to change, and what it points at keeps its own', () => {
    mkdirSync(temporary.path('d'), { mode: 0o755 });
    symlinkSync('d', temporary.path('link'));
    assert.equal(change('link', { mode: 0o777 }), EOPNOTSUPP);
    assert.equal(statSync(temporary.path('d')).mode & 0o7777, 0o755);
  });

  test('times are set to the nanosecond, each by itself, and of a symlink itself', () => {
    symlinkSync('f', temporary.path('link'));
    const target = statSync(temporary.path('f'));
    metadata.times.words.set([0, 0, UTIME_OMIT, 0, 1_600_000_000, 0, 123_456_789, 0]);
    assert.equal(change('link', { hasTimes: true }), 0);
    const link = lstatSync(temporary.path('link'), { bigint: true });
    assert.equal(link.mtimeNs, 1_600_000_000_123_456_789n);
    assert.notEqual(link.atimeMs, 1_600_000_000_123n);
    assert.equal(statSync(temporary.path('f')).mtimeMs, target.mtimeMs);
  });

  test('times may lie before 1970', () => {
    metadata.times.words.set([0, 0, UTIME_OMIT, 0, -100 >>> 0, 0xffffffff, 0, 0]);
    assert.equal(change('f', { hasTimes: true }), 0);
    assert.equal(statSync(temporary.path('f')).mtimeMs, -100_000);
  });

  test("tells the figures of the mirror's file system", () => {
    const region = new MemoryRegion(128);
    assert.equal(metadata.statfs(region), 0);
    assert.ok(region.bytes.readBigUInt64LE(16) > 0n, 'blocks');
  });
});
