/**
 * The parsers by their names.
 *
 * Guarantees: there is one for every name, and the compiler checks it.
 */
import { apacheParser, nginxParser } from './access-log.js';
import { jsonParser } from './json.js';
import type { Parser, ParserName } from './parser.js';
import { syslogParser } from './syslog.js';

const parsers = {
  syslog: syslogParser,
  nginx: nginxParser,
  apache: apacheParser,
  json: jsonParser,
} satisfies Record<ParserName, Parser>;

export function findParser(name: ParserName): Parser {
  return parsers[name];
}
