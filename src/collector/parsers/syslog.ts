/**
 * `syslog`: lines of RFC 5424, of RFC 3164, and of the files that rsyslogd writes.
 *
 *     <165>1 2003-10-11T22:14:15.003Z host app 12 ID47 [id@32473 name="value"] message       RFC 5424
 *     <34>Oct 11 22:14:15 host app[12]: message                                              RFC 3164
 *     Feb  4 12:00:01 host app[12]: message                                                  traditional file format
 *     2026-02-04T12:00:01.123456+01:00 host app[12]: message                                 RFC 3339 file format
 *
 * Guarantees: linear time; never throws. Fields: `facility`, `severity` (names), `time` (RFC 3339), `hostname`, `app`, `procid`,
 * `msgid`, `structured_data`, `message`; those that the line does not have are left out. A time without a year and zone is
 * local time of this host, in the last year in which it is not after the time of writing; a week's clock skew is allowed.
 *
 * Own code: nsyslog-parser 0.10.1 takes quadratic time (1.8 s for 80 KB of `[a `), does not read escapes in structured data,
 * and takes the year from the clock of the host.
 */
import { splitTime } from '../formats/time-text.js';
import { latestInstant, monthIndex } from './calendar.js';
import type { Parsed, Parser } from './parser.js';
import { namesOf } from './syslog-priority.js';
import { type FieldMap, parseSyslogProtocol } from './syslog-protocol.js';
import { TextScanner } from './text-scanner.js';

export const syslogParser: Parser = { name: 'syslog', parse };

/** RFC 5424, 6.2.1, and RFC 3164, 4.1.1. */
const priorityPattern = /<(\d{1,3})>/y;

/** RFC 5424, 6.2.2. Only a line with a priority can be of that RFC. */
const versionPattern = /(\d{1,3}) (?=\S)/y;

/** RFC 3164, 4.1.2; a day below 10 has two spaces before it, but some programs write one space or a zero. */
const traditionalTime = /([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?: |$)/y;

/** RFC 3339, 5.6. */
const fileTime = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)(?= |$)/y;

/** The program and its process: `app[12]: `, `app: `. A tag has no space (RFC 3164, 4.1.3). */
const tagPattern = /([^\s:[\]]+)(?:\[([^\s\]]*)\])?:(?: |$)/y;

/** Programs on this host leave the hostname out; then the tag is next, which may hold the same characters up to its end. */
const hostPattern = /([^\s[\]]*[^\s[\]:])(?: |$)/y;

function parse(message: Buffer, time: bigint): Parsed {
  const scanner = new TextScanner(message.toString().replace(/\r$/, ''));
  const fields: FieldMap = {};
  const priority = scanner.take(priorityPattern);
  if (priority !== undefined) {
    const names = namesOf(Number(priority[1]));
    if (names === undefined) return { error: `syslog: priority ${priority[1]} is above 191` };
    Object.assign(fields, names);
    const version = scanner.take(versionPattern);
    if (version !== undefined) return parseVersion(version[1], scanner, fields);
  }
  const error = takeTime(scanner, fields, time);
  if (error !== undefined) return { error };
  // RFC 3164, 4.3.3: what has a priority and no time is all content.
  if (fields.time === undefined && priority === undefined) {
    return { error: 'syslog: begins neither with a priority nor with a time of RFC 3164 or RFC 3339' };
  }
  if (fields.time !== undefined) takeOrigin(scanner, fields);
  fields.message = scanner.rest;
  return { fields };
}

function parseVersion(version: string | undefined, scanner: TextScanner, fields: FieldMap): Parsed {
  if (version !== '1') return { error: `syslog: version ${version} is not known` };
  const error = parseSyslogProtocol(scanner, fields);
  return error === undefined ? { fields } : { error: `syslog: ${error}` };
}

/** @returns what is wrong with the time */
function takeTime(scanner: TextScanner, fields: FieldMap, written: bigint): string | undefined {
  const exact = scanner.take(fileTime);
  if (exact !== undefined) {
    if (Number.isNaN(Date.parse(exact[0]))) return `syslog: there is no time ${exact[0]}`;
    fields.time = exact[0];
    scanner.skip(' ');
    return undefined;
  }
  const match = scanner.take(traditionalTime);
  if (match === undefined) return undefined;
  fields.time = traditionalInstant(match, written);
  return fields.time === undefined ? `syslog: there is no time ${match[0].trimEnd()}` : undefined;
}

function traditionalInstant(match: RegExpExecArray, written: bigint): string | undefined {
  const [, name = '', day, hour, minute, second, fraction = ''] = match;
  const month = monthIndex(name);
  if (month === undefined) return undefined;
  const clock = { hour: Number(hour), minute: Number(minute), second: Number(second) };
  const instant = latestInstant({ month, day: Number(day) }, clock, splitTime(written).seconds * 1000);
  return instant === undefined ? undefined : `${new Date(instant).toISOString().slice(0, 19)}${fraction}Z`;
}

/** Hostname, program and process, as far as they are there: `-- MARK --` has no program. */
function takeOrigin(scanner: TextScanner, fields: FieldMap): void {
  let tag = scanner.take(tagPattern);
  if (tag === undefined) {
    const host = scanner.take(hostPattern);
    if (host === undefined) return;
    fields.hostname = host[1];
    tag = scanner.take(tagPattern);
  }
  if (tag === undefined) return;
  fields.app = tag[1];
  if (tag[2] !== undefined && tag[2] !== '') fields.procid = tag[2];
}
