/**
 * `syslog+tcp://` (RFC 6587), `syslog+tls://` (RFC 5425); `syslog://` is `syslog+tcp://`.
 *
 * Syslog over a stream has no acknowledgement: the sender of the last message never hears of its fate. What there is besides is
 * the end of the connection, and so, with `ack=close` (the default), each batch has a connection of its own, and acknowledged
 * means that the receiver has read all of it and has then closed its side. What can be lost is what a receiver has read and
 * loses itself: a crash of rsyslogd loses its queue in memory, and the batch that it has just read, since its kernel closes
 * the connection in good order. A proxy in between speaks for itself, not for the receiver.
 *
 * With `ack=sent` the connection stays, and acknowledged means that our kernel has the bytes and that the receiver had not
 * closed the connection. What can be lost is all that lies in both kernels' buffers when the receiver or the network dies: up
 * to some megabytes. It spares a round trip, or a TLS handshake, a batch.
 */
import type { Format } from '../formats/format.js';
import type { OpenSink } from './open-sink.js';
import type { Batch, Sink } from './sink.js';
import { StreamConnection, type StreamTarget } from './stream-connection.js';
import { type Framing, frame, framings, requireSyslog } from './syslog-framing.js';
import { readTlsOptions, tlsOptionNames } from './tls-options.js';

/** RFC 5425, 4.1. TCP has no port of its own for syslog: 514 is what rsyslog's and syslog-ng's documentation use. */
const ports = { tls: 6514, tcp: 514 } as const;
const defaultTimeout = 30_000;

type Acknowledgement = 'close' | 'sent';

export const openSyslogStreamSink: OpenSink = (url, { format }) => {
  const isTls = url.scheme === 'syslog+tls';
  requireSyslog(url, format);
  url.allowOptions(['framing', 'ack', 'timeout', ...(isTls ? tlsOptionNames : [])]);
  if (url.path !== '' && url.path !== '/') url.refuse(': a syslog receiver has no path');
  const target = {
    host: url.host,
    port: url.port(isTls ? ports.tls : ports.tcp),
    tls: isTls ? readTlsOptions(url) : undefined,
    timeout: url.duration('timeout', defaultTimeout),
  };
  // RFC 5425 knows nothing but octet counting; over TCP a newline is what every receiver understands.
  const framing = url.choice<Framing>('framing', framings, isTls ? 'octet' : 'newline');
  const acknowledgement = url.choice<Acknowledgement>('ack', ['close', 'sent'], 'close');
  return new SyslogStreamSink(url.name, format, target, framing, acknowledgement);
};

class SyslogStreamSink implements Sink {
  private connection: StreamConnection | undefined;

  constructor(
    readonly name: string,
    private readonly format: Format,
    private readonly target: StreamTarget,
    private readonly framing: Framing,
    private readonly acknowledgement: Acknowledgement,
  ) {}

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const payload = frame(batch, this.format, this.framing);
    if (this.connection?.isOpen !== true) await this.close();
    this.connection ??= await StreamConnection.open(this.target, signal);
    try {
      await this.connection.send(payload, signal);
      if (this.acknowledgement === 'close') await this.connection.finish(signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.connection?.close();
    this.connection = undefined;
  }
}
