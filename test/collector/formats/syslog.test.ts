import assert from 'node:assert/strict';
import { isAscii, isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import { findParser } from '../../../src/collector/parsers/find-parser.js';
import type { LogRecord } from '../../../src/collector/record.js';
import { hardMessages, sampleRecord } from './sample-record.js';

const format = findFormat('syslog');
const mark = Buffer.from('\ufeff');

function line(changes: Partial<LogRecord> = {}): string {
  return format.encode(sampleRecord(changes)).toString();
}

/** HOSTNAME, APP-NAME, PROCID, MSGID. */
function header(changes: Partial<LogRecord>): string {
  return line(changes).split(' ').slice(2, 6).join(' ');
}

describe('the syslog format', { timeout: 60_000 }, () => {
  test('is RFC 5424', () => {
    assert.equal(
      line(),
      '<13>1 2026-11-21T05:41:21.085123Z web1 rsyslogd 612 - ' +
        '[logagg@32473 id="f5fdf6ea0ea92860c6a6b2b354bfcbbc.1795230645.7010000:4096" path="/var/log/syslog"] hello\n',
    );
  });

  test('the priority is that of the fields', () => {
    assert.match(line({ fields: { facility: 'local7', severity: 'debug' } }), /^<191>1 /);
    assert.match(line({ fields: { facility: 'kern', severity: 'emerg' } }), /^<0>1 /);
    assert.match(line({ fields: { severity: 'err' } }), /^<11>1 /);
    assert.match(line({ fields: { facility: 'constructor', severity: 9 } }), /^<13>1 /);
  });

  test('the program is the one that a parser found, otherwise the writer', () => {
    const writer = { pid: 7, uid: 0, gid: 0, user: 'root', group: 'root', command: 'nginx: worker process' };
    assert.equal(header({ fields: { app: 'sshd', procid: '99' } }), 'web1 sshd 99 -');
    assert.equal(header({ fields: { app: 'kernel' } }), 'web1 kernel - -');
    assert.equal(header({ writer }), 'web1 nginx 7 -');
    assert.equal(header({ writer: { ...writer, command: '' } }), 'web1 - 7 -');
    assert.equal(header({ writer: undefined }), 'web1 - - -');
  });

  test('what a header may not hold is replaced or cut', () => {
    assert.equal(header({ host: '', fields: { app: 'a b\né"' } }), '- a_b__" - -');
    assert.equal(header({ host: 'h'.repeat(300), fields: { app: 'a'.repeat(99) } }).length, 255 + 1 + 48 + 4);
  });

  test('quotes, backslashes and brackets of a path are escaped', () => {
    assert.match(line({ path: '/a"b\\c]d\ne' }), /path="\/a\\"b\\\\c\\]d#012e"] hello\n$/);
  });

  test('a part says which one it is', () => {
    assert.match(
      line({ part: { index: 3, isLast: true } }),
      / path="\/var\/log\/syslog" part="3" last="true"] hello\n$/,
    );
  });

  for (const [what, message] of Object.entries(hardMessages)) {
    test(`${what}: the bytes are unchanged but for newlines, marked as UTF-8 only where they are and it matters`, () => {
      const bytes = format.encode(sampleRecord({ message }));
      const sent = bytes.subarray(bytes.indexOf('"] ') + 3, -1);
      const isMarked = !isAscii(message) && isUtf8(message);
      assert.equal(sent.subarray(0, 3).equals(mark), isMarked);
      const content = isMarked && !message.subarray(0, 3).equals(mark) ? sent.subarray(3) : sent;
      assert.equal(content.toString('latin1'), message.toString('latin1').replaceAll('\n', '#012'));
    });

    test(`${what}: our own parser reads the line back`, () => {
      const record = sampleRecord({ message, path: '/a "b" \\ ]' });
      const parsed = findParser('syslog').parse(format.encode(record).subarray(0, -1), 0n);
      assert.ok('fields' in parsed);
      assert.deepEqual(parsed.fields.structured_data, { 'logagg@32473': { id: record.id, path: record.path } });
      const text = message
        .toString()
        .replace(/^\ufeff/, '')
        .replaceAll('\n', '#012')
        .replace(/\r$/, '');
      assert.equal(parsed.fields.message, text);
    });
  }
});
