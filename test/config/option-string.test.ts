/** How `-o` is split and unescaped. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogaggError } from '../../src/config/errors.js';
import { escapeOptionValue, splitOptionString } from '../../src/config/option-string.js';

const cases: readonly [name: string, text: string, expected: [string, string?][]][] = [
  ['nothing', '', []],
  ['one flag', 'ro', [['ro']]],
  ['flags and values', 'a,b=1,c=', [['a'], ['b', '1'], ['c', '']]],
  ['only the first equals sign separates', 'a=b=c', [['a', 'b=c']]],
  ['empty items are skipped', ',a,,b,', [['a'], ['b']]],
  ['quotes hold commas and are removed', 'a="1,2",b', [['a', '1,2'], ['b']]],
  ['quotes in the middle of a value', 'a=x"1,2"y', [['a', 'x1,2y']]],
  ['a backslash holds a comma', 'a=1\\,2,b', [['a', '1,2'], ['b']]],
  ['a backslash holds a quote', 'a=\\"1,b', [['a', '"1'], ['b']]],
  ['a backslash holds a backslash', 'a=\\\\,b', [['a', '\\'], ['b']]],
  ['escapes work in quotes', 'a="\\"\\,\\040"', [['a', '", ']]],
  ['the escapes of fstab', 'a=\\040\\011\\012\\134', [['a', ' \t\n\\']]],
  ['an octal comma does not separate', 'a=1\\0542', [['a', '1,2']]],
  ['an octal backslash does not escape', 'a=\\134040', [['a', '\\040']]],
  ['octal bytes of one character', 'a=\\303\\251', [['a', 'é']]],
  ['two octal digits are no escape', 'a=\\04', [['a', '04']]],
  ['a last backslash stands for itself', 'a=\\', [['a', '\\']]],
  ['characters beyond 16 bits', 'a=😀\\😀', [['a', '😀😀']]],
];

describe('splitting', () => {
  for (const [name, text, expected] of cases) {
    test(name, () => {
      const items = splitOptionString(text).map(({ name, value }) => (value === undefined ? [name] : [name, value]));
      assert.deepEqual(items, expected);
    });
  }

  test('an open quote is refused', () => {
    assert.throws(() => splitOptionString('a="b,c'), { name: 'LogaggError', code: 'LOGAGG_OPTION_VALUE' });
  });

  test('a NUL is refused, and the message has none', () => {
    assert.throws(
      () => splitOptionString('a\\000=b'),
      (error: unknown) => error instanceof LogaggError && !error.message.includes('\0'),
    );
  });
});

test('an escaped value comes back as it was, and has no character that fstab or mount(8) would touch', () => {
  const value = 'a b\tc\nd,e"f\\g=h\u00a0é😀';
  const escaped = escapeOptionValue(value);
  assert.match(escaped, /^[^\s,"]*$/);
  assert.deepEqual(splitOptionString(`x=${escaped},y`), [
    { name: 'x', value },
    { name: 'y', value: undefined },
  ]);
});
