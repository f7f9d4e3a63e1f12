import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  microsecondText,
  millisecondText,
  nanosecondText,
  splitTime,
} from '../../../src/collector/formats/time-text.js';

describe('times of records', { timeout: 60_000 }, () => {
  const times: readonly [bigint, string][] = [
    [0n, '1970-01-01T00:00:00.000000000Z'],
    [1n, '1970-01-01T00:00:00.000000001Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [-1_000_000_000n, '1969-12-31T23:59:59.000000000Z'],
    [-1_000_000_001n, '1969-12-31T23:59:58.999999999Z'],
    [1_795_239_681_085_123_456n, '2026-11-21T05:41:21.085123456Z'],
    [1_709_164_800_000_000_000n, '2024-02-29T00:00:00.000000000Z'],
    [2_147_483_648_000_000_000n, '2038-01-19T03:14:08.000000000Z'],
    [9_223_372_036_854_775_807n, '2262-04-11T23:47:16.854775807Z'],
    [253_402_300_799_999_999_999n, '9999-12-31T23:59:59.999999999Z'],
    [253_402_300_800_000_000_000n, '9999-12-31T23:59:59.999999999Z'],
    [-62_167_219_200_000_000_000n, '0000-01-01T00:00:00.000000000Z'],
    [-62_167_219_200_000_000_001n, '0000-01-01T00:00:00.000000000Z'],
    [10n ** 40n, '9999-12-31T23:59:59.999999999Z'],
  ];
  for (const [time, text] of times) {
    test(`${time} ns is ${text}`, () => assert.equal(nanosecondText(time), text));
  }

  test('shorter texts are cut, not rounded', () => {
    const time = 1_795_239_681_999_999_999n;
    assert.equal(microsecondText(time), '2026-11-21T05:41:21.999999Z');
    assert.equal(millisecondText(time), '2026-11-21T05:41:21.999Z');
    assert.equal(millisecondText(time, '+0000'), '2026-11-21T05:41:21.999+0000');
  });

  test('before 1970 the nanoseconds count forwards', () => {
    assert.deepEqual(splitTime(-1n), { seconds: -1, nanoseconds: 999_999_999 });
    assert.deepEqual(splitTime(-2_000_000_000n), { seconds: -2, nanoseconds: 0 });
  });
});
