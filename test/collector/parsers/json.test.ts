import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import { formatNames } from '../../../src/collector/formats/format.js';
import { sampleRecord } from '../formats/sample-record.js';
import { errorOf, fieldsOf } from './parsing.js';

const limit = { timeout: 60_000 };

/** Objects in objects; the innermost is empty. */
function nested(levels: number): string {
  return `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
}

describe('the json parser', limit, () => {
  test('the members of an object are the fields', () => {
    const fields = { a: 1, b: 'é"\n', c: [true, null, { d: 1.5 }], '': 0 };
    assert.deepEqual(fieldsOf('json', JSON.stringify(fields)), fields);
  });

  test('space around it, a carriage return and a byte order mark are fine', () => {
    assert.deepEqual(fieldsOf('json', '\ufeff {"a":\n1} \r'), { a: 1 });
  });

  test('integers beyond 2^53 and numbers beyond a double are exact texts; texts are unchanged', () => {
    const line =
      '{"a":9007199254740993,"b":-123456789012345678901234567890,"c":9007199254740991,"d":[1e400,-1E+999,1e30],' +
      '"e":0.30000000000000004,"f":"9007199254740993 \\" 1e400","9007199254740993":12345678901234567.5}';
    assert.deepEqual(fieldsOf('json', line), {
      ...{ a: '9007199254740993', b: '-123456789012345678901234567890', c: 9007199254740991 },
      ...{ d: ['1e400', '-1E+999', 1e30], e: 0.30000000000000004, f: '9007199254740993 " 1e400' },
      '9007199254740993': 12345678901234568,
    });
  });

  test('a member named __proto__ is one like any other, also after it was merged and formatted', () => {
    const line = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const fields = { site: 'a', ...fieldsOf('json', line) };
    assert.equal('polluted' in fields, false);
    assert.equal('polluted' in {}, false);
    const record = JSON.parse(findFormat('ndjson').encode(sampleRecord({ fields })).toString());
    assert.equal(JSON.stringify(record.fields), `{"site":"a",${line.slice(1)}`);
  });

  test('halves of surrogate pairs become U+FFFD, whole pairs stay', () => {
    const line = '{"a":"\\ud800x\\uDC00","\\udfff":["\\ud83d\\ude00"],"__proto__":"\\ud800"}';
    assert.equal(JSON.stringify(fieldsOf('json', line)), '{"a":"\ufffdx\ufffd","\ufffd":["😀"],"__proto__":"\ufffd"}');
  });

  test('what is nested as deep as it may be can be formatted', () => {
    const fields = fieldsOf('json', nested(32));
    for (const name of formatNames) assert.ok(findFormat(name).encode(sampleRecord({ fields })).length > 0, name);
  });

  const wrong: Readonly<Record<string, string | Buffer>> = {
    'nothing at all': '',
    'a line of text': 'hello',
    'an object that does not end': '{"a":1',
    'something behind it': '{"a":1} x',
    'single quotes': "{'a':1}",
    'a list': '[1]',
    'a text': '"a"',
    'a number': '12345678901234567890',
    null: 'null',
    'what is not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    'what is nested too deep': nested(33),
    'lists in lists in lists': `{"a":${'['.repeat(32)}${']'.repeat(32)}}`,
  };
  for (const [what, line] of Object.entries(wrong)) {
    test(`does not parse: ${what}`, () => assert.match(errorOf('json', line), /^json: \w/));
  }
});
