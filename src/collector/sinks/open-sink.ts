/** Sinks by URL: `stdout:` and `file:///path`. */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { LogaggError } from '../../config/errors.js';
import type { Format } from '../formats/format.js';
import { type Batch, type Sink, SinkError } from './sink.js';

export interface SinkOptions {
  readonly format: Format;
  readonly credentials?: {
    readonly user?: string;
    readonly password?: string;
    readonly token?: string;
    readonly apiKey?: string;
  };
  readonly host: string;
}

class StreamSink implements Sink {
  private stream: WriteStream | undefined;

  constructor(
    readonly name: string,
    private readonly open: () => WriteStream,
    private readonly format: Format,
  ) {}

  async deliver(batch: Batch): Promise<void> {
    const whole = this.format.name === 'raw' ? batch.lines : undefined;
    const bytes = whole ?? Buffer.concat(batch.records.map((record) => this.format.encode(record)));
    if (this.stream === undefined) {
      this.stream = this.open();
      this.stream.on('error', () => undefined);
    }
    const { stream } = this;
    await new Promise<void>((resolve, reject) => {
      stream.write(bytes, (error) => {
        if (error) reject(new SinkError(`${this.name}: ${error.message}`, 'later', undefined, { cause: error }));
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (this.stream === undefined || this.name === 'stdout:') return;
    this.stream.end();
    await once(this.stream, 'close');
  }
}

export function openSink(url: string, { format }: SinkOptions): Sink {
  if (url === 'stdout:') {
    return new StreamSink(url, () => createWriteStream('', { fd: 1, autoClose: false }), format);
  }
  const file = /^file:\/\/(\/[^?]+)$/.exec(url)?.[1];
  if (file === undefined) throw new LogaggError('LOGAGG_OPTION_VALUE', `${url} can't be delivered to`);
  return new StreamSink(url, () => createWriteStream(file, { flags: 'a' }), format);
}
