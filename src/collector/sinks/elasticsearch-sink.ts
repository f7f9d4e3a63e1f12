/**
 * `es+http://`, `es+https://`; `es://` and `elasticsearch://` are http, `elasticsearch+https://` is https.
 *
 * Guarantees: acknowledged means that every document is indexed, or that it was there already. A document's `_id` is the
 * record's id, so that a repeated batch overwrites (`op_type=index`) or is refused as a conflict, which counts as success
 * (`op_type=create`). What becomes of each document is read from the reply: those that are refused are named, whether for good
 * (mapping errors) or not.
 *
 * API: https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html
 */
import type { Format } from '../formats/format.js';
import type { LogRecord } from '../record.js';
import { type OpType, refusedItems } from './bulk-reply.js';
import { endpointOptionNames, HttpEndpoint } from './http-endpoint.js';
import type { OpenSink } from './open-sink.js';
import { isJson } from './payload.js';
import type { Batch, Sink } from './sink.js';
import type { SinkUrl } from './sink-url.js';

const defaultIndex = 'logagg';
const defaultPort = 9200;
const replyFilter = 'filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason';

export const openElasticsearchSink: OpenSink = (url, { format, credentials }) => {
  const isSecure = url.scheme.endsWith('+https');
  const endpointOptions = endpointOptionNames(isSecure).filter((name) => name !== 'query');
  url.allowOptions(['index', 'op_type', ...endpointOptions]);
  if (!isJson(format)) url.refuse(`takes documents, and the format ${format.name} gives none: use ndjson or logstash`);
  const opType = url.choice<OpType>('op_type', ['index', 'create'], 'index');
  const target = { isSecure, port: defaultPort, path: bulkPath(url, readIndex(url)) };
  return new ElasticsearchSink(url.name, new HttpEndpoint(url, credentials, target), format, opType);
};

/** Names: the same page's chapter on creating an index. */
function readIndex(url: SinkUrl): string {
  const index = url.text('index') ?? defaultIndex;
  const isName = /^[^-_+A-Z\\/*?"<>| ,#:][^A-Z\\/*?"<>| ,#:]*$/.test(index) && !/^\.{1,2}$/.test(index);
  return isName ? index : url.refuseValue('index', index, 'the name of an index, in small letters');
}

function bulkPath(url: SinkUrl, index: string): string {
  const base = url.path.replace(/\/(?:_bulk\/?)?$/, '');
  return `${base}/${encodeURIComponent(index)}/_bulk?${replyFilter}`;
}

class ElasticsearchSink implements Sink {
  constructor(
    readonly name: string,
    private readonly endpoint: HttpEndpoint,
    private readonly format: Format,
    private readonly opType: OpType,
  ) {}

  async deliver({ records }: Batch, signal: AbortSignal): Promise<void> {
    const parts = records.flatMap((record) => [this.action(record), this.format.encode(record)]);
    const reply = await this.endpoint.post(Buffer.concat(parts), 'application/x-ndjson', signal);
    const error = refusedItems(reply, records.length, this.opType, (text) => this.endpoint.shown(text));
    if (error !== undefined) throw error;
  }

  private action({ id }: LogRecord): Buffer {
    return Buffer.from(`${JSON.stringify({ [this.opType]: { _id: id } })}\n`);
  }

  async close(): Promise<void> {
    this.endpoint.close();
  }
}
