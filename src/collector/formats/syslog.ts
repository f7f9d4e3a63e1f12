/**
 * `syslog`: RFC 5424.
 *
 * Guarantees: a valid header whatever the record holds, and one line a record, so that it can be framed by a newline as well
 * as by its length (RFC 6587). A newline inside of a message or path is written `#012`, as rsyslog does with what it
 * receives; the message's other bytes are unchanged. PRI is from the fields `facility` and `severity`, otherwise user.notice.
 * APP-NAME and PROCID are the fields `app` and `procid` where a parser found the program in the line, otherwise the writer's
 * command and pid.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { priority } from '../parsers/syslog-priority.js';
import type { LogRecord } from '../record.js';
import { ByteWriter } from './byte-writer.js';
import type { BatchFormat } from './format.js';
import { rememberLast } from './remember-last.js';
import { microsecondText } from './time-text.js';

export const syslog: BatchFormat = {
  name: 'syslog',
  contentType: 'application/syslog',
  encode: (record) => encode([record]),
  encodeBatch: encode,
};

/** Longest HOSTNAME, APP-NAME and PROCID: RFC 5424, 6. */
const hostNameLength = 255;
const appNameLength = 48;
const processIdLength = 128;

/** The number that RFC 5612 sets aside for documentation: the project has none of its own. */
const structuredDataId = 'logagg@32473';

const byteOrderMark = Buffer.from('\ufeff');

function encode(records: readonly LogRecord[]): Buffer {
  const writer = ByteWriter.for(records);
  for (const record of records) {
    writer.text(header(record));
    writer.bytes(withoutNewlines(record.message));
    writer.text('\n');
  }
  return writer.finish();
}

function header(record: LogRecord): string {
  const { facility, severity } = record.fields;
  return (
    `<${priority(facility, severity)}>1 ${microsecondText(record.time)} ${hostName(record.host)} ${program(record)}` +
    ` - ${structuredData(record)} ${mark(record.message)}`
  );
}

const hostName = rememberLast((host: string) => headerText(host, hostNameLength));

/** APP-NAME and PROCID. */
function program({ fields, writer }: LogRecord): string {
  const { app, procid } = fields;
  if (typeof app === 'string' && app !== '') {
    const id = typeof procid === 'string' || typeof procid === 'number' ? String(procid) : '';
    return `${headerText(app, appNameLength)} ${headerText(id, processIdLength)}`;
  }
  return writer === undefined ? '- -' : `${commandName(writer.command)} ${writer.pid}`;
}

/** `/usr/sbin/nginx -g …` and `nginx: worker process` are both nginx. */
const commandName = rememberLast((command: string) => {
  const [first = ''] = command.split(' ', 1);
  return headerText(first.slice(first.lastIndexOf('/') + 1).replace(/:$/, ''), appNameLength);
});

/** Header fields are printable ASCII without spaces, and `-` when there is nothing to say. */
function headerText(text: string, longest: number): string {
  const printable = text.slice(0, longest).replace(/[^!-~]/g, '_');
  return printable === '' ? '-' : printable;
}

function structuredData({ id, path, part }: LogRecord): string {
  const partText = part === undefined ? '' : ` part="${part.index}" last="${part.isLast}"`;
  return `[${structuredDataId} id="${id}" path="${parameterValue(path)}"${partText}]`;
}

const parameterValue = rememberLast((text: string) => text.replace(/["\\\]]/g, '\\$&').replaceAll('\n', '#012'));

/**
 * RFC 5424, 6.4: a message that is known to be UTF-8 begins with a byte order mark. Without it ASCII means the same, so that
 * an ordinary line arrives as it was written; and what is not UTF-8 must have none.
 */
function mark(message: Buffer): string {
  if (isAscii(message) || !isUtf8(message)) return '';
  return message.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? '' : '\ufeff';
}

function withoutNewlines(message: Buffer): Buffer {
  if (!message.includes('\n')) return message;
  return Buffer.from(message.toString('latin1').replaceAll('\n', '#012'), 'latin1');
}
