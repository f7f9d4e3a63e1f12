/**
 * How a message becomes fields.
 *
 * Guarantees that an implementation gives: never throws, whatever the message is, and takes time linear in its length; a
 * message that it can't parse is reported as such and stays whole.
 */
import type { Fields } from '../record.js';

/** What a parser found. */
export type Parsed = { readonly fields: Fields } | { readonly error: string };

export interface Parser {
  readonly name: ParserName;
  /**
   * @param message - one record without its last newline
   * @param time - when it was written, nanoseconds since 1970: tells the year of a time that has none
   */
  parse(message: Buffer, time: bigint): Parsed;
}

export const parserNames = ['syslog', 'nginx', 'apache', 'json'] as const;

export type ParserName = (typeof parserNames)[number];
