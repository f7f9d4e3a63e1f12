/**
 * The formats by their names.
 *
 * Guarantees: there is one for every name, and the compiler checks it.
 */
import type { BatchFormat, FormatName } from './format.js';
import { logagg } from './logagg.js';
import { logstash, logstashBase64 } from './logstash.js';
import { ndjson } from './ndjson.js';
import { protobufDelimited } from './protobuf.js';
import { raw } from './raw.js';
import { syslog } from './syslog.js';
import { text } from './text.js';

const formats = {
  raw,
  text,
  ndjson,
  logstash,
  logstash_base64: logstashBase64,
  logagg,
  syslog,
  protobuf: protobufDelimited,
} satisfies Record<FormatName, BatchFormat>;

export function findFormat(name: FormatName): BatchFormat {
  return formats[name];
}
