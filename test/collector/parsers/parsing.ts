import { findParser } from '../../../src/collector/parsers/find-parser.js';
import type { Parsed, ParserName } from '../../../src/collector/parsers/parser.js';
import type { Fields } from '../../../src/collector/record.js';

/** @param time - when the line was written: RFC 3339 */
export function parse(name: ParserName, line: string | Buffer, time = '2026-11-21T05:41:21Z'): Parsed {
  return findParser(name).parse(Buffer.from(line), BigInt(Date.parse(time)) * 1_000_000n);
}

/** The fields of a line that must parse. */
export function fieldsOf(name: ParserName, line: string | Buffer, time?: string): Fields {
  const parsed = parse(name, line, time);
  if ('error' in parsed) throw new Error(`${parsed.error}: ${line.toString().slice(0, 200)}`);
  return parsed.fields;
}

/** Why a line that must not parse does not. */
export function errorOf(name: ParserName, line: string | Buffer, time?: string): string {
  const parsed = parse(name, line, time);
  if ('error' in parsed) return parsed.error;
  throw new Error(`${name} made ${JSON.stringify(parsed.fields)} of ${line.toString().slice(0, 200)}`);
}
