import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import type { FormatName } from '../../../src/collector/formats/format.js';
import type { LogRecord } from '../../../src/collector/record.js';
import { hardMessages, sampleRecord } from './sample-record.js';

const limit = { timeout: 60_000 };

function lines(name: FormatName, changes: Partial<LogRecord> = {}): string {
  return findFormat(name).encode(sampleRecord(changes)).toString();
}

function json(name: FormatName, changes: Partial<LogRecord> = {}): Record<string, unknown> {
  return JSON.parse(lines(name, changes));
}

describe('raw', limit, () => {
  for (const [what, message] of Object.entries(hardMessages)) {
    test(`${what}: are the bytes of the log`, () => {
      const expected = Buffer.concat([message, Buffer.from('\n')]);
      assert.ok(findFormat('raw').encode(sampleRecord({ message })).equals(expected));
    });
  }
});

describe('text', limit, () => {
  test('is the date, path and line', () => {
    assert.equal(lines('text'), '2026-11-21T05:41:21.085Z: /var/log/syslog: hello\n');
  });

  test('each line of a multi-line record begins with the date and path', () => {
    const prefix = '2026-11-21T05:41:21.085Z: /var/log/syslog: ';
    const message = Buffer.from('a\n\n\tb');
    assert.equal(lines('text', { message }), `${prefix}a\n${prefix}\n${prefix}\tb\n`);
  });

  test('a path is never several lines', () => {
    assert.equal(lines('text', { path: '/a\nb\u0085é' }), '2026-11-21T05:41:21.085Z: /a\\012b\\302\\205é: hello\n');
  });

  test('bytes that are not UTF-8 are unchanged', () => {
    const message = hardMessages['1 MiB that is not UTF-8'] ?? Buffer.alloc(0);
    const bytes = findFormat('text').encode(sampleRecord({ message }));
    assert.ok(bytes.subarray(-1 - message.length, -1).equals(message));
  });
});

describe('ndjson', limit, () => {
  test('has all that is known of a record', () => {
    const { id, chunk } = sampleRecord();
    assert.deepEqual(json('ndjson', { fields: { a: 1 }, tags: ['t'] }), {
      ...{ id, time: '2026-11-21T05:41:21.085123456Z', host: 'web1', path: '/var/log/syslog', message: 'hello' },
      ...{ pid: 612, uid: 0, gid: 4, user: 'root', group: 'adm', command: '/usr/sbin/rsyslogd -n' },
      ...{ chunk, offset: 4096, fields: { a: 1 }, tags: ['t'] },
    });
  });

  test('what is not known is left out', () => {
    const keys = Object.keys(json('ndjson', { writer: undefined }));
    assert.deepEqual(keys, ['id', 'time', 'host', 'path', 'message', 'chunk', 'offset', 'fields', 'tags']);
  });

  test('a part and a parse error are told', () => {
    const record = json('ndjson', { part: { index: 2, isLast: false }, parseError: 'json: "x"' });
    assert.deepEqual([record.part, record.parse_error], [{ index: 2, is_last: false }, 'json: "x"']);
  });

  for (const [what, message] of Object.entries(hardMessages)) {
    test(`${what}: arrives exactly, in base64 only where it is not UTF-8`, () => {
      const record = json('ndjson', { message });
      assert.equal(record.message, message.toString());
      assert.equal('message_base64' in record, !isUtf8(message));
      const exact = isUtf8(message)
        ? Buffer.from(String(record.message))
        : Buffer.from(String(record.message_base64), 'base64');
      assert.ok(exact.equals(message));
    });
  }

  test('strings from outside are escaped', () => {
    const strings = { path: '/a "b"\\\n\0', host: '"', fields: { '"\n': '\u2028"' }, tags: ['"\n'] };
    const record = json('ndjson', strings);
    for (const [name, value] of Object.entries(strings)) assert.deepEqual(record[name], value);
  });
});

describe('logstash and logstash_base64', limit, () => {
  const members = {
    ...{ path: '/var/log/syslog', pid: 612, uid: 0, gid: 4, '@message': 'hello' },
    ...{ '@timestamp': '2026-11-21T05:41:21.085+0000', user: 'root', group: 'adm', command: '/usr/sbin/rsyslogd -n' },
    ...{ '@version': '1', '@fields': { a: 'b' }, '@tags': ['t'] },
  };

  test("logstash: fuse_kafka's members in its order", () => {
    const record = json('logstash', { fields: { a: 'b' }, tags: ['t'] });
    assert.deepEqual(Object.entries(record), Object.entries(members));
  });

  test('logstash_base64: the same, the message in base64', () => {
    const record = json('logstash_base64', { fields: { a: 'b' }, tags: ['t'] });
    assert.deepEqual(Object.entries(record), Object.entries({ ...members, '@message': 'aGVsbG8=' }));
  });

  test('a writer that is not known leaves all members in place', () => {
    const record = json('logstash', { writer: undefined });
    assert.deepEqual(Object.keys(record), Object.keys(members));
    assert.deepEqual([record.pid, record.uid, record.gid, record.user, record.command], [null, null, null, '', '']);
  });

  for (const [what, message] of Object.entries(hardMessages)) {
    test(`${what}: is valid JSON, exact in base64`, () => {
      assert.equal(json('logstash', { message })['@message'], message.toString());
      const base64 = String(json('logstash_base64', { message })['@message']);
      assert.ok(Buffer.from(base64, 'base64').equals(message));
    });
  }
});

describe('logagg', limit, () => {
  const keys = 'id timestamp file host formatter raw type level event data error error_tb'.split(' ');

  test("has the old collector's twelve keys", () => {
    assert.deepEqual(Object.entries(json('logagg')), [
      ['id', sampleRecord().id],
      ['timestamp', '2026-11-21T05:41:21.085123Z'],
      ['file', '/var/log/syslog'],
      ['host', 'web1'],
      ['formatter', 'raw'],
      ['raw', 'hello'],
      ['type', 'log'],
      ['level', 'debug'],
      ['event', 'event'],
      ['data', {}],
      ['error', false],
      ['error_tb', ''],
    ]);
  });

  test('a line that did not parse is marked', () => {
    const record = json('logagg', { parseError: 'json: not a JSON text' });
    assert.deepEqual(Object.keys(record), keys);
    assert.deepEqual([record.error, record.error_tb, record.raw], [true, 'json: not a JSON text', 'hello']);
  });

  test('fields are the data, and tell formatter, type, level and event', () => {
    const fields = { formatter: 'f', type: 'metric', level: 'info', event: 'login', severity: 'err', n: 1 };
    const record = json('logagg', { fields });
    assert.deepEqual(Object.keys(record), keys);
    assert.deepEqual([record.formatter, record.type, record.level, record.event], ['f', 'metric', 'info', 'login']);
    assert.deepEqual(record.data, fields);
  });

  test('the parsed severity is the level, and what is no text is not', () => {
    assert.equal(json('logagg', { fields: { severity: 'err' } }).level, 'err');
    assert.equal(json('logagg', { fields: { level: 30 } }).level, 'debug');
  });
});
