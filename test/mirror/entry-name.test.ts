import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryRegion } from '../../src/libc/memory.js';
import { EntryName } from '../../src/mirror/entry-name.js';

const EINVAL = -22;
const ENAMETOOLONG = -36;

/** Puts `bytes` behind some others, as a request does, and points a name at them. */
function nameOf(bytes: Buffer): { name: EntryName; located: number } {
  const region = new MemoryRegion(8192);
  region.bytes.fill(0x41, 0, 64);
  bytes.copy(region.bytes, 64);
  const name = new EntryName(region);
  return { name, located: name.locate(region, 64, 64 + bytes.length) };
}

const named = (text: string): EntryName => nameOf(Buffer.from(`${text}\0`)).name;

describe('an entry name', () => {
  for (const text of ['a', '.a', '..a', '...', 'with space', 'ä'.repeat(127), 'x'.repeat(255), '-rf', '\n', '"']) {
    test(`${JSON.stringify(text.slice(0, 20))} names an entry`, () => assert.equal(named(text).check(), 0));
  }

  for (const text of ['', '.', '..', '/', 'a/b', '../x', '/etc/passwd', 'x/']) {
    test(`${JSON.stringify(text)} can not lead anywhere`, () => assert.equal(named(text).check(), EINVAL));
  }

  test('is too long with 256 bytes', () => {
    assert.equal(named('x'.repeat(256)).check(), ENAMETOOLONG);
  });

  test('keeps bytes that are not UTF-8', () => {
    const { name } = nameOf(Buffer.from([0xff, 0xfe, 0x00]));
    assert.deepEqual(Buffer.from(name.text, 'latin1'), Buffer.from([0xff, 0xfe]));
  });

  test('without a NUL before the end of the message is refused', () => {
    assert.equal(nameOf(Buffer.from('abc')).located, EINVAL);
  });

  test('is not disturbed by a slash in what follows it', () => {
    assert.equal(nameOf(Buffer.from('a\0b/c\0')).name.check(), 0);
  });
});
