/**
 * `json`: an object a record (RFC 8259), whose members become the fields.
 *
 * Guarantees: linear time; never throws. Integers beyond 2^53, and numbers beyond a double's range, become texts with their
 * exact digits; other numbers are doubles, as everywhere in JavaScript. A member named `__proto__` is a member like any other.
 * Halves of surrogate pairs (`"\ud800"`), which UTF-8 can't write, become U+FFFD. Nesting deeper than 32 is an error, so that
 * formats and receivers can bear it: protobuf's Struct has three messages a level, and its readers allow 100. Of members with the same name the last one counts.
 */
import { isUtf8 } from 'node:buffer';
import type { Fields } from '../record.js';
import type { Parsed, Parser } from './parser.js';

export const jsonParser: Parser = { name: 'json', parse };

const deepest = 32;

/** Cheap signs that a text may hold what JSON.parse would change. */
const longNumber = /\d{16}|\d[eE]\+?\d{2}/;
const halfPair = /\\u[dD][89a-fA-F]/;

function parse(message: Buffer): Parsed {
  if (!isUtf8(message)) return { error: 'json: not UTF-8' };
  const text = message.toString().replace(/^\ufeff/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
    // Only what has passed JSON.parse is safe to take apart by a pattern.
    if (longNumber.test(text)) value = JSON.parse(quoteLongNumbers(text));
  } catch {
    return { error: 'json: not a JSON text' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { error: 'json: not an object' };
  if (isDeeper(value, deepest)) return { error: `json: nested more than ${deepest} deep` };
  return { fields: (halfPair.test(text) ? wellFormed(value) : value) as Fields };
}

function quoteLongNumbers(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') || isExact(token) ? token : `"${token}"`,
  );
}

function isExact(number: string): boolean {
  const value = Number(number);
  return /^-?\d+$/.test(number) ? Number.isSafeInteger(value) : Number.isFinite(value);
}

/** @param levels - how many more objects and lists may lie inside of each other */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && isDeeper(member, levels - 1)) return true;
  }
  return false;
}

/** The same value with each half of a surrogate pair replaced, in names as well. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\p{Surrogate}/gu, '\ufffd');
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  // fromEntries defines members, so that `__proto__` stays harmless.
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [String(wellFormed(name)), wellFormed(member)]),
  );
}
