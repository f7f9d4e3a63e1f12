/** Parsers by name. */
import { LogaggError } from '../../config/errors.js';
import type { Parser, ParserName } from './parser.js';

export function findParser(name: ParserName): Parser {
  throw new LogaggError('LOGAGG_OPTION_VALUE', `parser ${name} is not there yet`);
}
