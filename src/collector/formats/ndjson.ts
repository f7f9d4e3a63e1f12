/**
 * `ndjson`: every record a JSON object on a line of its own, with all that is known about it.
 *
 * Guarantees: nothing is lost. A message that is not UTF-8 stands as text, with U+FFFD for its wrong bytes, and exactly in
 * `message_base64` beside it. What is not known is left out: the writer's six members, `part`, `parse_error`.
 */
import { isUtf8 } from 'node:buffer';
import type { LogRecord } from '../record.js';
import { chunkJson, fieldsJson, hostJson, messageJson, pathJson, tagsJson, writerJson } from './json-text.js';
import { LineFormat } from './line-format.js';
import { nanosecondText } from './time-text.js';

export const ndjson = new LineFormat('ndjson', 'application/x-ndjson', line);

function line(record: LogRecord): string {
  const { message, writer } = record;
  let text = `{"id":"${record.id}","time":"${nanosecondText(record.time)}"`;
  text += `,"host":${hostJson(record.host)},"path":${pathJson(record.path)},"message":${messageJson(message)}`;
  if (!isUtf8(message)) text += `,"message_base64":"${message.toString('base64')}"`;
  if (writer !== undefined) {
    const { ids, names } = writerJson(writer);
    text += `,${ids},${names}`;
  }
  text += `,"chunk":${chunkJson(record.chunk)},"offset":${record.offset}`;
  text += `,"fields":${fieldsJson(record.fields)},"tags":${tagsJson(record.tags)}`;
  return text + ending(record);
}

/** What few records have. */
function ending({ part, parseError }: LogRecord): string {
  if (part === undefined && parseError === undefined) return '}';
  const partText = part === undefined ? '' : `,"part":{"index":${part.index},"is_last":${part.isLast}}`;
  const errorText = parseError === undefined ? '' : `,"parse_error":${JSON.stringify(parseError)}`;
  return `${partText}${errorText}}`;
}
