/**
 * `http://` and `https://`, `syslog+http://` and `syslog+https://`
 *
 * Guarantees: acknowledged means that the server has answered the whole batch with a status of success (2xx). A batch is one
 * POST, of lines or of one JSON array; syslog lines go as `application/syslog`, as logtrain sends them. What the server refuses
 * because of its content it may have refused because of a single record: then nothing is known about the others.
 */
import type { Format } from '../formats/format.js';
import { endpointOptionNames, HttpEndpoint } from './http-endpoint.js';
import type { OpenSink } from './open-sink.js';
import { isJson, jsonArray, payloadOf } from './payload.js';
import type { Batch, Sink } from './sink.js';
import { requireSyslog } from './syslog-framing.js';

const jsonArrayType = 'application/json';
const standardPorts = { http: 80, https: 443 } as const;

export const openHttpSink: OpenSink = (url, { format, credentials }) => {
  const isSecure = url.scheme === 'https';
  url.allowOptions(['body', ...endpointOptionNames(isSecure)]);
  const isArray = url.choice('body', ['lines', 'array'], 'lines') === 'array';
  if (isArray && !isJson(format)) url.refuse(`: body=array needs a format of JSON, not ${format.name}`);
  const port = isSecure ? standardPorts.https : standardPorts.http;
  const endpoint = new HttpEndpoint(url, credentials, { isSecure, port, path: url.path });
  return new HttpSink(url.name, endpoint, format, isArray ? jsonArrayType : format.contentType);
};

export const openSyslogHttpSink: OpenSink = (url, { format, credentials }) => {
  requireSyslog(url, format);
  const isSecure = url.scheme.endsWith('https');
  url.allowOptions(endpointOptionNames(isSecure));
  const port = isSecure ? standardPorts.https : standardPorts.http;
  const endpoint = new HttpEndpoint(url, credentials, { isSecure, port, path: url.path || '/' });
  return new HttpSink(url.name, endpoint, format, 'application/syslog');
};

class HttpSink implements Sink {
  constructor(
    readonly name: string,
    private readonly endpoint: HttpEndpoint,
    private readonly format: Format,
    private readonly contentType: string,
  ) {}

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const lines = payloadOf(batch, this.format);
    const body = this.contentType === jsonArrayType ? jsonArray(lines) : lines;
    await this.endpoint.post(body, this.contentType, signal);
  }

  async close(): Promise<void> {
    this.endpoint.close();
  }
}
