import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import { type FormatName, formatNames } from '../../../src/collector/formats/format.js';
import { hardMessages, sampleRecord } from './sample-record.js';

const limit = { timeout: 60_000 };

/** Formats of which one record is one line, whatever the record is. */
const oneLine: readonly FormatName[] = ['ndjson', 'logstash', 'logstash_base64', 'logagg', 'syslog'];

const hardRecord = {
  path: '/var/log/a "quoted"\\ name\nand]a second line\0é',
  host: 'häst "x"',
  writer: { pid: 1, uid: 2, gid: 3, user: 'u"\n', group: '', command: 'sh -c "echo \\"\n\\""' },
  fields: { 'a"b\n': ['\n', null, 1.5, true, { c: '"' }] },
  tags: ['t"\n'],
  parseError: 'bad "\n',
};

describe('every format', limit, () => {
  for (const name of formatNames) {
    const format = findFormat(name);

    test(`${name}: is found by its name`, () => assert.equal(format.name, name));

    for (const [what, message] of Object.entries(hardMessages)) {
      test(`${name}: ${what}: is formatted, and a batch has the bytes of its records`, limit, () => {
        const records = [{ message }, { message, ...hardRecord }, { writer: undefined, path: '' }].map(sampleRecord);
        const each = records.map((record) => format.encode(record));
        assert.ok(format.encodeBatch(records).equals(Buffer.concat(each)));
        if (!oneLine.includes(name)) return;
        for (const line of each) assert.equal(line.indexOf('\n'), line.length - 1);
      });
    }
  }

  test('what was made of one record does not change what is made of the next', limit, () => {
    const other = sampleRecord({ ...hardRecord, time: -1n, chunk: 'x', id: 'y', host: 'z' });
    for (const name of formatNames) {
      const format = findFormat(name);
      const before = format.encode(sampleRecord());
      const first = Buffer.from(before);
      format.encode(other);
      assert.ok(format.encode(sampleRecord()).equals(first), name);
      assert.ok(before.equals(first), name);
    }
  });

  test('a batch of nothing is nothing', limit, () => {
    for (const name of formatNames) assert.equal(findFormat(name).encodeBatch([]).length, 0, name);
  });
});
