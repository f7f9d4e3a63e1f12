import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorOf, fieldsOf } from './parsing.js';

// Times without a zone are local: these tests have one that is not UTC, and that has summer time.
process.env.TZ = 'Europe/Berlin';

const limit = { timeout: 60_000 };

describe('syslog of RFC 3164, and the files of rsyslogd', limit, () => {
  const origin = { hostname: 'host', app: 'app', procid: '12' };
  const cases: Readonly<Record<string, readonly [string, Record<string, string>]>> = {
    'the traditional file format, a day with two spaces': [
      'Feb  4 12:00:01 host app[12]: msg',
      { time: '2026-02-04T11:00:01Z', ...origin, message: 'msg' },
    ],
    'a day with two digits, summer time': [
      'Jul 14 12:00:01 host app[12]: msg',
      { time: '2026-07-14T10:00:01Z', ...origin, message: 'msg' },
    ],
    'a day with one space, and one with a zero': [
      'Feb 4 12:00:01 host kernel: [ 1.5] x',
      { time: '2026-02-04T11:00:01Z', hostname: 'host', app: 'kernel', message: '[ 1.5] x' },
    ],
    'a priority': [
      '<34>Oct 11 22:14:15 mymachine su: two  spaces  stay ',
      {
        ...{ facility: 'auth', severity: 'crit', time: '2026-10-11T20:14:15Z', hostname: 'mymachine', app: 'su' },
        message: 'two  spaces  stay ',
      },
    ],
    'the RFC 3339 file format, its time as it was written': [
      '2026-02-04T12:00:01.123456+01:00 host app[12]: msg',
      { time: '2026-02-04T12:00:01.123456+01:00', ...origin, message: 'msg' },
    ],
    'a fraction of a second': [
      'Feb  4 12:00:01.25 host app[12]: msg',
      { time: '2026-02-04T11:00:01.25Z', ...origin, message: 'msg' },
    ],
    'no hostname, as a local program sends it': [
      '<13>Feb  4 12:00:01 app[12]: msg',
      { facility: 'user', severity: 'notice', time: '2026-02-04T11:00:01Z', app: 'app', procid: '12', message: 'msg' },
    ],
    'no program': [
      'Feb  4 12:00:01 host -- MARK --',
      { time: '2026-02-04T11:00:01Z', hostname: 'host', message: '-- MARK --' },
    ],
    'a program with a slash, an IPv6 host': [
      'Feb  4 12:00:01 fe80::1 postfix/smtpd[99]: a: b',
      { time: '2026-02-04T11:00:01Z', hostname: 'fe80::1', app: 'postfix/smtpd', procid: '99', message: 'a: b' },
    ],
    'an empty message, and a carriage return at the end': [
      'Feb  4 12:00:01 host app[12]:\r',
      { time: '2026-02-04T11:00:01Z', ...origin, message: '' },
    ],
    'several lines': [
      'Feb  4 12:00:01 host app[12]: a\n\tb',
      { time: '2026-02-04T11:00:01Z', ...origin, message: 'a\n\tb' },
    ],
    'a priority and nothing else': ['<0>x y', { facility: 'kern', severity: 'emerg', message: 'x y' }],
  };
  for (const [what, [line, fields]] of Object.entries(cases)) {
    test(what, () => assert.deepEqual(fieldsOf('syslog', line), fields));
  }

  test('bytes that are not UTF-8 do no harm', () => {
    const line = Buffer.concat([Buffer.from('Feb  4 12:00:01 host app: '), Buffer.from([0, 0xff, 0x41])]);
    assert.equal(fieldsOf('syslog', line).message, '\0\ufffdA');
  });

  const years: readonly [string, string, string, string][] = [
    ['December, written on 1 January', 'Dec 31 23:59:59', '2027-01-01T00:00:00Z', '2026-12-31T22:59:59Z'],
    ['January, by a clock that is ahead', 'Jan  1 00:00:01', '2026-12-31T22:59:58Z', '2026-12-31T23:00:01Z'],
    ['January, by a clock that is a day ahead', 'Jan  1 12:00:00', '2026-12-31T11:00:00Z', '2027-01-01T11:00:00Z'],
    ['December, by a clock that is a month behind', 'Dec 15 12:00:00', '2027-01-14T12:00:00Z', '2026-12-15T11:00:00Z'],
    ['a leap day', 'Feb 29 12:00:00', '2024-02-29T11:00:05Z', '2024-02-29T11:00:00Z'],
    ['a leap day, read in the year after', 'Feb 29 12:00:00', '2025-01-10T00:00:00Z', '2024-02-29T11:00:00Z'],
    ['an old line', 'Nov 30 12:00:00', '2026-11-21T05:41:21Z', '2025-11-30T11:00:00Z'],
    ['a leap day, around a century without one', 'Feb 29 12:00:00', '2099-03-01T00:00:00Z', '2096-02-29T11:00:00Z'],
    ['before 1970', 'Dec 31 12:00:00', '1969-12-31T11:00:00Z', '1969-12-31T11:00:00Z'],
    ['after 2038', 'Jan 20 12:00:00', '2038-01-20T11:00:00Z', '2038-01-20T11:00:00Z'],
  ];
  for (const [what, stamp, written, time] of years) {
    test(`the year of a time: ${what}`, () => {
      assert.equal(fieldsOf('syslog', `${stamp} host app: x`, written).time, time);
    });
  }

  const wrong: Readonly<Record<string, string>> = {
    'no time': 'hello world',
    'nothing at all': '',
    'a day that no year has': 'Feb 30 12:00:00 host app: x',
    'a day 0': 'Feb  0 12:00:00 host app: x',
    'an hour 24': 'Feb  4 24:00:00 host app: x',
    'a month that is none': 'Foo  4 12:00:00 host app: x',
    'an RFC 3339 time that is none': '2026-13-04T12:00:01Z host app: x',
    'a priority above 191': '<192>Feb  4 12:00:00 host app: x',
    'another version': '<13>2 2003-10-11T22:14:15Z h a - - - x',
  };
  for (const [what, line] of Object.entries(wrong)) {
    test(`does not parse: ${what}`, () => assert.match(errorOf('syslog', line), /^syslog: /));
  }
});

describe('syslog of RFC 5424', limit, () => {
  // The examples of RFC 5424, 6.5.
  test('example 1: a byte order mark, no structured data', () => {
    const line =
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed on /dev/pts/8";
    assert.deepEqual(fieldsOf('syslog', line), {
      ...{ facility: 'auth', severity: 'crit', time: '2003-10-11T22:14:15.003Z', hostname: 'mymachine.example.com' },
      ...{ app: 'su', msgid: 'ID47', message: "'su root' failed on /dev/pts/8" },
    });
  });

  test('example 2: an offset, microseconds, a process', () => {
    const line = '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It\'s time  "',
      fields = fieldsOf('syslog', line);
    assert.equal(fields.time, '2003-08-24T05:14:15.000003-07:00');
    assert.deepEqual([fields.procid, fields.message], ['8710', '%% It\'s time  "']);
  });

  test('example 4: structured data and no message', () => {
    const data = '[exampleSDID@32473 iut="3" eventSource="Application"][examplePriority@32473 class="high"]';
    const fields = fieldsOf('syslog', `<165>1 2003-10-11T22:14:15.003Z mymachine evntslog - ID47 ${data}`);
    assert.deepEqual(fields.structured_data, {
      'exampleSDID@32473': { iut: '3', eventSource: 'Application' },
      'examplePriority@32473': { class: 'high' },
    });
    assert.equal(fields.message, '');
  });

  const head = '<165>1 2003-10-11T22:14:15.003Z h a - -';

  test('escapes, repeated names and names of prototypes in structured data', () => {
    const line = `${head} [o ip="a" ip="\\"\\\\\\]\\n" x=""][__proto__ __proto__="b"][empty] [not data]`;
    const fields = fieldsOf('syslog', line);
    const expected = '{"o":{"ip":["a","\\"\\\\]\\\\n"],"x":""},"__proto__":{"__proto__":"b"},"empty":{}}';
    assert.equal(JSON.stringify(fields.structured_data), expected);
    assert.equal(fields.message, '[not data]');
  });

  test('everything may be missing', () => {
    assert.deepEqual(fieldsOf('syslog', '<0>1 - - - - - -'), { facility: 'kern', severity: 'emerg', message: '' });
  });

  const wrong: Readonly<Record<string, string>> = {
    'no time': '<13>1 x h a - - - m',
    'a time that is none': '<13>1 2003-10-11T25:14:15Z h a - - - m',
    'a header that ends': '<13>1 2003-10-11T22:14:15Z h a -',
    'structured data without its end': `${head} [a b="c`,
    'structured data with a bare bracket': `${head} [a b="]"] m`,
    'structured data without a name': `${head} [] m`,
    'no space after structured data': `${head} [a]m`,
    'neither data nor a dash': `${head} m`,
  };
  for (const [what, line] of Object.entries(wrong)) {
    test(`does not parse: ${what}`, () => assert.match(errorOf('syslog', line), /^syslog: /));
  }
});
