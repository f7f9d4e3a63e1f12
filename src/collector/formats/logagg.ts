/**
 * `logagg`: the record of deep-compute's collector (https://github.com/deep-compute/logagg, `LOG_STRUCTURE`).
 *
 * Guarantees: its twelve keys, always all of them and of its types. `data` is what the parser found and the configuration
 * added. `formatter`, `type`, `level` and `event` are fields of these names where they are texts; `level` else is the parsed
 * severity, or `debug` as there. `error` and `error_tb` tell that and why the parser could make nothing of the line. `raw` is
 * text, as there: a message that is not UTF-8 has U+FFFD for its wrong bytes. Writer, chunk and tags have no key.
 */
import type { Fields, LogRecord } from '../record.js';
import { fieldsJson, hostJson, messageJson, pathJson } from './json-text.js';
import { LineFormat } from './line-format.js';
import { microsecondText } from './time-text.js';

export const logagg = new LineFormat('logagg', 'application/x-ndjson', line);

function line(record: LogRecord): string {
  const { fields, parseError } = record;
  return (
    `{"id":"${record.id}","timestamp":"${microsecondText(record.time)}"` +
    `,"file":${pathJson(record.path)},"host":${hostJson(record.host)},"formatter":${fieldJson(fields, 'formatter', 'raw')}` +
    `,"raw":${messageJson(record.message)},"type":${fieldJson(fields, 'type', 'log')}` +
    `,"level":${levelJson(fields)},"event":${fieldJson(fields, 'event', 'event')},"data":${fieldsJson(fields)}` +
    `,"error":${parseError !== undefined},"error_tb":${JSON.stringify(parseError ?? '')}}`
  );
}

function levelJson(fields: Fields): string {
  return fieldJson(fields, 'level', typeof fields.severity === 'string' ? fields.severity : 'debug');
}

/** A field where it is a text, else the default. */
function fieldJson(fields: Fields, name: string, otherwise: string): string {
  const value = fields[name];
  return JSON.stringify(typeof value === 'string' ? value : otherwise);
}
