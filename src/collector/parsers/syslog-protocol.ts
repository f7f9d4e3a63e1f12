/**
 * What follows the version in a line of RFC 5424:
 *
 *     HEADER          = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
 *     SYSLOG-MSG      = HEADER SP STRUCTURED-DATA [SP MSG]
 *     STRUCTURED-DATA = NILVALUE / 1*SD-ELEMENT
 *     SD-ELEMENT      = "[" SD-ID *(SP SD-PARAM) "]"
 *     SD-PARAM        = PARAM-NAME "=" %d34 PARAM-VALUE %d34     ; in the value `"`, `\` and `]` are escaped by `\`
 *
 * Guarantees: linear time. Lengths are not limited as there. A name that an element has twice gives a list of its values.
 */
import type { TextScanner } from './text-scanner.js';

const token = /(\S+) /y;
const timestamp = /(-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) /y;
const elementStart = /\[([^\s="\]]+)/y;
const parameter = / ([^\s="\]]+)="([^"\\\]]*(?:\\[\s\S][^"\\\]]*)*)"/y;

const headerFields = ['hostname', 'app', 'procid', 'msgid'] as const;
const byteOrderMark = '\ufeff';

/** What the parts of a line add to. */
export type FieldMap = Record<string, unknown>;

type Element = Record<string, string | readonly string[]>;

/** @param scanner - behind the version. @param fields - is added to. @returns what is wrong with the line */
export function parseSyslogProtocol(scanner: TextScanner, fields: FieldMap): string | undefined {
  const [, time] = scanner.take(timestamp) ?? [];
  if (time === undefined || (time !== '-' && Number.isNaN(Date.parse(time)))) return 'no time after the version';
  if (time !== '-') fields.time = time;
  for (const name of headerFields) {
    const [, value] = scanner.take(token) ?? [];
    if (value === undefined) return `the header ends before ${name}`;
    if (value !== '-') fields[name] = value;
  }
  if (!takeStructuredData(scanner, fields)) return 'wrong structured data';
  if (!scanner.isAtEnd && !scanner.skip(' ')) return 'no space after the structured data';
  scanner.skip(byteOrderMark);
  fields.message = scanner.rest;
  return undefined;
}

/** @returns false when it is wrong */
function takeStructuredData(scanner: TextScanner, fields: FieldMap): boolean {
  if (scanner.skip('-')) return true;
  const elements = new Map<string, Element>();
  for (let start = scanner.take(elementStart); start !== undefined; start = scanner.take(elementStart)) {
    const parameters = takeParameters(scanner);
    if (!scanner.skip(']')) return false;
    elements.set(start[1] ?? '', parameters);
  }
  // fromEntries defines members, so that one named `__proto__` is a member like any other.
  fields.structured_data = Object.fromEntries(elements);
  return elements.size > 0;
}

function takeParameters(scanner: TextScanner): Element {
  const values = new Map<string, string[]>();
  for (let match = scanner.take(parameter); match !== undefined; match = scanner.take(parameter)) {
    const [, name = '', escaped = ''] = match;
    const value = escaped.includes('\\') ? escaped.replace(/\\(["\\\]])/g, '$1') : escaped;
    const sameName = values.get(name);
    if (sameName === undefined) values.set(name, [value]);
    else sameName.push(value);
  }
  return Object.fromEntries(Array.from(values, ([name, list]) => [name, list.length > 1 ? list : (list[0] ?? '')]));
}
