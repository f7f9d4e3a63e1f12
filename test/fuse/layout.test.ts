import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as layout from '../../src/fuse/layout.js';
import { Opcode } from '../../src/fuse/opcode.js';

/**
 * Sizes and offsets as include/uapi/linux/fuse.h of protocol 7.45 has them, taken with offsetof() and sizeof() of a C
 * compiler. They are what a kernel reads, so they must not follow our own table.
 */
describe('message layouts are those of linux/fuse.h', () => {
  test('headers', () => {
    assert.equal(layout.InHeader.size, 40);
    assert.deepEqual([layout.InHeader.nodeid, layout.InHeader.uid, layout.InHeader.pid], [16, 24, 32]);
    assert.equal(layout.OutHeader.size, 16);
  });

  test('attributes, entries and opens have the sizes that the kernel checks', () => {
    assert.equal(layout.Attr.length, 88);
    assert.equal(layout.EntryOut.length, 40 + 88);
    assert.equal(layout.AttrOut.length, 16 + 88);
    assert.equal(layout.OpenOut.length, 16);
    assert.equal(layout.InitOut.length, 64);
    assert.equal(layout.StatfsOut.length, 80);
    assert.equal(layout.WriteOut.length, 8);
  });

  test('names and data follow the fixed part of their requests', () => {
    assert.deepEqual(
      [layout.MknodIn, layout.MkdirIn, layout.LinkIn, layout.CreateIn].map(({ name }) => name),
      [16, 8, 8, 16],
    );
    assert.deepEqual([layout.RenameIn.names, layout.Rename2In.names, layout.WriteIn.data], [8, 16, 40]);
    assert.equal(layout.Dirent.name, 24);
  });

  test('no two requests share a number', () => {
    const numbers = Object.values(Opcode);
    assert.equal(new Set(numbers).size, numbers.length);
  });
});

/** The kernel's own header, where the development headers of the C library are installed. */
const header = '/usr/include/linux/fuse.h';

test('opcodes are those of the installed header', (t) => {
  if (!existsSync(header)) {
    t.diagnostic(`${header} is not installed: compared with nothing`);
    return;
  }
  const text = execFileSync('cat', [header], { encoding: 'utf8' });
  const theirs = new Map(
    [...text.matchAll(/^\s+FUSE_(\w+)\s*= (\d+),/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  for (const [name, value] of Object.entries(Opcode)) {
    if (theirs.has(name)) assert.equal(value, theirs.get(name), name);
  }
});
