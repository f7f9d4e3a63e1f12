/**
 * JSON texts of the parts of a record that stay the same from one record to the next.
 *
 * Guarantees: valid JSON (RFC 8259) without a newline, whatever the strings hold. Fields must be JSON values; the parsers
 * limit how deep they are nested, which JSON.stringify could not bear.
 */
import type { Fields, Writer } from '../record.js';
import { rememberLast } from './remember-last.js';

export const hostJson: (host: string) => string = rememberLast((host: string) => JSON.stringify(host));
export const pathJson: (path: string) => string = rememberLast((path: string) => JSON.stringify(path));
export const chunkJson: (chunk: string) => string = rememberLast((chunk: string) => JSON.stringify(chunk));
export const fieldsJson: (fields: Fields) => string = rememberLast((fields: Fields) => JSON.stringify(fields));
export const tagsJson: (tags: readonly string[]) => string = rememberLast((tags: readonly string[]) =>
  JSON.stringify(tags),
);

/** What is known of the writer. */
export interface WriterJson {
  /** `"pid":1,"uid":0,"gid":0`; null for what is not known. */
  readonly ids: string;
  /** `"user":"root","group":"root","command":"nginx"`; empty for what is not known. */
  readonly names: string;
}

export const writerJson: (writer: Writer | undefined) => WriterJson = rememberLast((writer: Writer | undefined) => {
  const { pid = null, uid = null, gid = null, user = '', group = '', command = '' } = writer ?? {};
  return { ids: members({ pid, uid, gid }), names: members({ user, group, command }) };
});

/** The members of an object without its braces. */
function members(object: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(object).slice(1, -1);
}

/** The message as JSON text: what is not UTF-8 is U+FFFD in it. */
export function messageJson(message: Buffer): string {
  return JSON.stringify(message.toString());
}
