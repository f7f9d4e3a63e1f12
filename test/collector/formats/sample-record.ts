import type { LogRecord } from '../../../src/collector/record.js';

/** A record like that of an ordinary line. @param changes - what is different */
export function sampleRecord(changes: Partial<LogRecord> = {}): LogRecord {
  const stream = 'f5fdf6ea0ea92860c6a6b2b354bfcbbc';
  return {
    id: `${stream}.1795230645.7010000:4096`,
    stream,
    chunk: `${stream}.1795230645.7010000.log`,
    offset: 4096,
    length: 6,
    path: '/var/log/syslog',
    host: 'web1',
    time: 1_795_239_681_085_123_456n,
    writer: { pid: 612, uid: 0, gid: 4, user: 'root', group: 'adm', command: '/usr/sbin/rsyslogd -n' },
    message: Buffer.from('hello'),
    part: undefined,
    fields: {},
    tags: [],
    parseError: undefined,
    ...changes,
  };
}

/** Messages that have broken collectors. */
export const hardMessages: Readonly<Record<string, Buffer>> = {
  'an empty message': Buffer.alloc(0),
  'all 256 byte values': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  'only NUL bytes': Buffer.alloc(64),
  'quotes, backslashes and percent signs': Buffer.from('"a" \\ "b\\" %s%n \\u0000 ]'),
  'UTF-8 of every length': Buffer.from('é€😀\ufeff\u2028'),
  'a byte order mark in front': Buffer.from('\ufeffé'),
  'a character that was cut in two': Buffer.from('€').subarray(0, 2),
  'overlong and surrogate UTF-8': Buffer.from([0xc0, 0x80, 0xed, 0xa0, 0x80, 0xff, 0x41]),
  'several lines': Buffer.from('java.lang.Error\n\tat a.b(c:1)\n\n\tat d\r'),
  'nothing but newlines': Buffer.from('\n\n'),
  '1 MiB of quotes': Buffer.alloc(1 << 20, '"'),
  '1 MiB that is not UTF-8': Buffer.alloc(1 << 20, 0xff),
};
