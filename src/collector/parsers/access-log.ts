/**
 * `nginx` and `apache`: access logs in the formats *common*, *combined*, Apache's *vhost_combined*, and nginx' *main*
 * (combined with the forwarded-for header behind it).
 *
 *     [VHOST ]CLIENT IDENT USER [04/Feb/2026:12:00:01 +0100] "METHOD PATH PROTOCOL" STATUS BYTES
 *         [ "REFERER"[ "AGENT"[ "FORWARDED_FOR"]]][ EXTRA]
 *
 * Guarantees: linear time; never throws. Fields: `vhost`, `client`, `ident`, `user`, `time` (RFC 3339), `method`, `path`,
 * `protocol`, `status` (number), `bytes` (number), `referer`, `agent`, `forwarded_for`; what the line has as `-` is left out. A
 * request that is none (`"\x16\x03"`) is in `request` instead. What follows all of that is in `extra`, as it is. Escapes
 * (nginx `\x22`; Apache `\"`, `\\`, `\n`, `\x1b`) are decoded. Neither server lets a client write a bare `"`, so none can forge
 * another request or time.
 */
import { isIP } from 'node:net';
import { isClockTime, isDate, monthIndex } from './calendar.js';
import type { Parsed, Parser } from './parser.js';
import { TextScanner } from './text-scanner.js';

export const nginxParser: Parser = { name: 'nginx', parse: (message) => parse(message, 'nginx') };
export const apacheParser: Parser = { name: 'apache', parse: (message) => parse(message, 'apache') };

/** A user's name may hold spaces and brackets, but no bare `"`. */
const timePattern = / \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)\] (?=")/;
const quoted = /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const result = / (\d{3}|-) (\d+|-)(?= |$)/y;
/** More digits than these may not fit into a double. */
const exactDigits = 15;

type FieldMap = Record<string, string | number>;

function parse(message: Buffer, name: string): Parsed {
  const text = message.toString().replace(/\r$/, '');
  const match = timePattern.exec(text);
  if (match === null) return { error: `${name}: no time in brackets` };
  const time = timeText(match);
  if (time === undefined) return { error: `${name}: there is no time${match[0]}`.trimEnd() };
  const fields: FieldMap = {};
  if (!addClient(fields, text.slice(0, match.index))) return { error: `${name}: no client before the time` };
  fields.time = time;
  const scanner = new TextScanner(text.slice(match.index + match[0].length));
  const request = scanner.take(quoted);
  if (request === undefined) return { error: `${name}: the request has no end` };
  addRequest(fields, decode(request[1] ?? ''));
  const [, status = '-', bytes = '-'] = scanner.take(result) ?? [];
  if (status === '-' && bytes === '-') return { error: `${name}: no status after the request` };
  if (status !== '-') fields.status = Number(status);
  if (bytes !== '-') fields.bytes = bytes.length <= exactDigits ? Number(bytes) : bytes;
  addHeaders(fields, scanner);
  return { fields };
}

function timeText(match: RegExpExecArray): string | undefined {
  const [, day = '', name = '', year = '', hour = '', minute = '', second = '', zoneHours = '', zoneMinutes = ''] =
    match;
  const month = monthIndex(name);
  const clock = { hour: Number(hour), minute: Number(minute), second: Number(second) };
  if (month === undefined || !isDate(Number(year), { month, day: Number(day) }) || !isClockTime(clock))
    return undefined;
  const date = `${year}-${String(month + 1).padStart(2, '0')}-${day}`;
  return `${date}T${hour}:${minute}:${second}${zoneHours}:${zoneMinutes}`;
}

/** `[VHOST ]CLIENT IDENT USER`; only USER can hold spaces. */
function addClient(fields: FieldMap, head: string): boolean {
  const words = head.split(' ');
  if (words.length > 3 && isVirtualHost(words[0] ?? '', words[1] ?? '')) fields.vhost = words.shift() ?? '';
  const [client = '', ident = '', ...user] = words;
  if (client === '' || user.length === 0) return false;
  add(fields, 'client', client);
  add(fields, 'ident', ident);
  add(fields, 'user', decode(user.join(' ')));
  return true;
}

/** Apache's `%v:%p`, before a client. */
function isVirtualHost(word: string, next: string): boolean {
  return isIP(next) !== 0 || (/:\d{1,5}$/.test(word) && isIP(word) === 0);
}

function addRequest(fields: FieldMap, request: string): void {
  const first = request.indexOf(' ');
  const last = request.lastIndexOf(' ');
  const method = request.slice(0, first);
  if (first === -1 || !/^[A-Za-z_-]+$/.test(method)) {
    add(fields, 'request', request);
    return;
  }
  const protocol = request.slice(last + 1);
  const hasProtocol = last > first && protocol.startsWith('HTTP/');
  fields.method = method;
  fields.path = request.slice(first + 1, hasProtocol ? last : undefined);
  if (hasProtocol) fields.protocol = protocol;
}

function addHeaders(fields: FieldMap, scanner: TextScanner): void {
  for (const name of ['referer', 'agent', 'forwarded_for']) {
    const before = scanner.rest;
    const value = scanner.skip(' ') ? scanner.take(quoted) : undefined;
    if (value === undefined) {
      add(fields, 'extra', before.trim());
      return;
    }
    add(fields, name, decode(value[1] ?? ''));
  }
  add(fields, 'extra', scanner.rest.trim());
}

/** Adds what is there: `-` stands for nothing, in both servers. */
function add(fields: FieldMap, name: string, value: string): void {
  if (value !== '-' && value !== '') fields[name] = value;
}

const controls = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** Escapes stand for bytes, of which several may be one character. */
function decode(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text)
    .toString('latin1')
    .replace(/\\(?:x([0-9A-Fa-f]{2})|([\s\S]))/g, (_escape, hex: string | undefined, other: string | undefined) =>
      hex === undefined ? (controls.get(other ?? '') ?? other ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, 'latin1').toString();
}
