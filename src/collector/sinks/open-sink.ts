/**
 * Sinks by URL.
 *
 * Guarantees: opening a sink checks all that can be checked without the destination, and neither connects nor makes a file:
 * that is left to the first delivery. To add a kind of destination, add its schemes here; it needs nothing else of the
 * collector.
 */
import { LogaggError } from '../../config/errors.js';
import { nearestWord } from '../../config/spelling.js';
import type { Format } from '../formats/format.js';
import type { Credentials } from './authorization.js';
import { openElasticsearchSink } from './elasticsearch-sink.js';
import { openFileSink } from './file-sink.js';
import { openHttpSink, openSyslogHttpSink } from './http-sink.js';
import type { Sink } from './sink.js';
import { SinkUrl } from './sink-url.js';
import { openStdoutSink } from './stdout-sink.js';
import { openSyslogStreamSink } from './syslog-stream-sink.js';
import { openSyslogUdpSink } from './syslog-udp-sink.js';

export interface SinkOptions {
  readonly format: Format;
  /** From the configuration file or the environment, never from the command line. */
  readonly credentials?: Credentials;
  /** Name of this host. */
  readonly host: string;
  /**
   * Told of records that a destination takes only in part.
   *
   * @param problem - one line without credentials
   */
  readonly onLoss?: (problem: string, records: number) => void;
}

/** @throws LogaggError LOGAGG_OPTION_VALUE for what the URL, the format or the credentials can't be */
export type OpenSink = (url: SinkUrl, options: SinkOptions) => Sink;

const kinds = {
  stdout: openStdoutSink,
  file: openFileSink,
  http: openHttpSink,
  https: openHttpSink,
  syslog: openSyslogStreamSink,
  'syslog+tcp': openSyslogStreamSink,
  'syslog+tls': openSyslogStreamSink,
  'syslog+udp': openSyslogUdpSink,
  'syslog+http': openSyslogHttpSink,
  'syslog+https': openSyslogHttpSink,
  es: openElasticsearchSink,
  'es+http': openElasticsearchSink,
  'es+https': openElasticsearchSink,
  elasticsearch: openElasticsearchSink,
  'elasticsearch+http': openElasticsearchSink,
  'elasticsearch+https': openElasticsearchSink,
} satisfies Record<string, OpenSink>;

/** What can stand before the colon of a destination's URL. */
export const sinkSchemes: readonly string[] = Object.keys(kinds);

/** @throws LogaggError LOGAGG_OPTION_VALUE, one line without credentials */
export function openSink(url: string, options: SinkOptions): Sink {
  const parsed = new SinkUrl(url);
  const open = Object.entries<OpenSink>(kinds).find(([scheme]) => scheme === parsed.scheme)?.[1];
  if (open === undefined) throw unknownScheme(parsed);
  return open(parsed, options);
}

function unknownScheme({ name, scheme }: SinkUrl): LogaggError {
  const nearest = nearestWord(scheme, sinkSchemes);
  const hint = nearest === undefined ? `it can be ${sinkSchemes.join(' ')}` : `did you mean ${nearest}:?`;
  return new LogaggError(
    'LOGAGG_OPTION_VALUE',
    `${name} begins with the unknown scheme ${JSON.stringify(scheme)}: ${hint}`,
  );
}
