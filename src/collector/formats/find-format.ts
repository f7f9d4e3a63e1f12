/** Formats by name. */
import { LogaggError } from '../../config/errors.js';
import type { Format, FormatName } from './format.js';

const newline = Buffer.from('\n');

const raw: Format = {
  name: 'raw',
  contentType: 'text/plain',
  encode: ({ message }) => Buffer.concat([message, newline]),
};

const ndjson: Format = {
  name: 'ndjson',
  contentType: 'application/x-ndjson',
  encode: (record) => {
    const message = record.message.toString();
    return Buffer.from(`${JSON.stringify({ ...record, time: String(record.time), message })}\n`);
  },
};

export function findFormat(name: FormatName): Format {
  const format = [raw, ndjson].find((one) => one.name === name);
  if (format === undefined) throw new LogaggError('LOGAGG_OPTION_VALUE', `format ${name} is not there yet`);
  return format;
}
