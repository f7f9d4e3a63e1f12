import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import { formatNames } from '../../../src/collector/formats/format.js';
import { parserNames } from '../../../src/collector/parsers/parser.js';
import { sampleRecord } from '../formats/sample-record.js';
import { parse } from './parsing.js';

const size = 1 << 20;

/** Beginnings after which a parser is in the middle of something. */
const heads = [
  ...[
    '',
    '<',
    '<13>',
    '<13>1 ',
    'Feb  4 12:00:01 ',
    'Feb  4 12:00:01 host ',
    'Feb  4 12:00:01 host app[',
    '2026-02-04T',
  ],
  ...['<13>1 - h a p m ', '<13>1 - h a p m [', '<13>1 - h a p m [a b="', '<13>1 - h a p m [a', '<13>1 - h a p m - '],
  ...[
    '1.2.3.4 - ',
    '1.2.3.4 - - [04/Feb/2026:12:00:01 +0100] "',
    '1.2.3.4 - - [04/Feb/2026:12:00:01 +0100] "G" 200 1 "',
  ],
  ...['{"a":', '{"a":"', '{"a":"\\', '{"a":1', '{"a":['],
];

/** What is repeated up to 1 MiB behind them. */
const bodies = [
  ...[
    'a',
    ' ',
    '\0',
    '1',
    ':',
    'a:',
    '[',
    ']',
    '[]',
    '<13>',
    ' [',
    '[a ',
    'a b="c" ',
    ' a="b"',
    '][a',
    '"',
    '\\',
    '\\"',
  ],
  ...[
    '\\x',
    '\\x41',
    '" "',
    '-',
    ' - ',
    ' [04/Feb/2026:12:00:01 +0100] ',
    'Feb  4 ',
    '{"a":',
    '[[',
    '"a":1,',
    '1e',
    '\ufeff',
    'é',
  ],
];

describe('1 MiB of hostile lines is parsed in linear time, and what comes of it can be formatted', () => {
  for (const name of parserNames) {
    // Quadratic time would take hours; linear time takes seconds.
    test(name, { timeout: 300_000 }, () => {
      for (const head of heads) {
        for (const body of bodies) {
          const line = Buffer.alloc(size, body);
          line.write(head);
          const parsed = parse(name, line);
          assert.ok('fields' in parsed || parsed.error.length < 300, `${head}${body}`);
          if ('error' in parsed) continue;
          const record = sampleRecord({ fields: parsed.fields });
          for (const format of formatNames) assert.ok(findFormat(format).encode(record).length > 0);
        }
      }
    });
  }

  test('objects and lists of 1 MiB that are valid', { timeout: 300_000 }, () => {
    const list = `{"a":[${'[],'.repeat(size / 3)}0]}`;
    const members = `{${Array.from({ length: size / 16 }, (_, index) => `"${index}":1e400`).join(',')}}`;
    const escapes = `{"a":"${'\\"'.repeat(size / 2)}","b":12345678901234567890}`;
    for (const line of [list, members, escapes]) assert.ok('fields' in parse('json', line));
  });
});
