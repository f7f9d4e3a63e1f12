/**
 * `logstash` and `logstash_base64`: the event that fuse_kafka sends.
 *
 * Guarantees: fuse_kafka's twelve members by their names, in its order and its spelling of the time
 * (`2026-11-21T05:41:21.085+0000`; https://github.com/yazgoo/fuse_kafka, `src/output.c`), and unlike there valid JSON whatever
 * a path or message holds. `@message` is text, with U+FFFD for what is not UTF-8; with `logstash_base64` it is the base64 of
 * the exact bytes. Where the writer is not known, pid, uid and gid are null, and the names are empty. `@version` is that of
 * Logstash's event schema, 1, where fuse_kafka writes its own.
 */
import type { LogRecord } from '../record.js';
import { fieldsJson, messageJson, pathJson, tagsJson, writerJson } from './json-text.js';
import { LineFormat } from './line-format.js';
import { millisecondText } from './time-text.js';

const contentType = 'application/x-ndjson';

export const logstash = new LineFormat('logstash', contentType, (record) => line(record, messageJson(record.message)));

export const logstashBase64 = new LineFormat('logstash_base64', contentType, (record) =>
  line(record, `"${record.message.toString('base64')}"`),
);

function line(record: LogRecord, message: string): string {
  const { ids, names } = writerJson(record.writer);
  return (
    `{"path":${pathJson(record.path)},${ids},"@message":${message}` +
    `,"@timestamp":"${millisecondText(record.time, '+0000')}",${names},"@version":"1"` +
    `,"@fields":${fieldsJson(record.fields)},"@tags":${tagsJson(record.tags)}}`
  );
}
