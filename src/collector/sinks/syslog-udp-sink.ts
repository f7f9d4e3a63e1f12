/**
 * `syslog+udp://` (RFC 5426)
 *
 * Guarantees: one record a datagram. Acknowledged means no more than that our kernel has sent them all, and that no port was
 * reported unreachable meanwhile. UDP loses datagrams without a word: on the way, and in a receiver that is slow. Datagrams go
 * out in small bursts, `rate=` a second at most, so that a receiver's buffer of the usual size (208 KiB on Linux) can hold what
 * it has not read yet. A record longer than a datagram (`max=`) is cut, never within a UTF-8 character; cut ones are counted and
 * told to {@link SinkOptions.onLoss}.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Format } from '../formats/format.js';
import { interrupted, temporaryFailure } from './failure-text.js';
import type { OpenSink, SinkOptions } from './open-sink.js';
import type { Batch, Sink } from './sink.js';
import { messageOf, requireSyslog } from './syslog-framing.js';

/** RFC 5426, 3.3. */
const defaultPort = 514;
/** What an IPv4 datagram of 65,535 bytes can carry. */
const longestMessage = 65_507;
/** RFC 5426, 3.2: what every receiver must take. */
const shortestMaximum = 480;
const defaultRate = 5_000;
/** A burst ends with one of the two: 32 KiB are far below the buffer, and Linux counts about 768 bytes for each besides. */
const burstCount = 32;
const burstBytes = 32 * 1024;

export interface UdpTarget {
  readonly host: string;
  readonly port: number;
  /** Bytes of a message. */
  readonly longest: number;
  /** Datagrams a second; infinite for no limit. */
  readonly rate: number;
}

export const openSyslogUdpSink: OpenSink = (url, { format, onLoss }) => {
  requireSyslog(url, format);
  url.allowOptions(['max', 'rate']);
  if (url.path !== '' && url.path !== '/') url.refuse(': a syslog receiver has no path');
  const rate = url.count('rate', 0, 10_000_000) ?? defaultRate;
  const target = {
    host: url.host,
    port: url.port(defaultPort),
    longest: url.size('max', shortestMaximum, longestMessage) ?? longestMessage,
    rate: rate === 0 ? Number.POSITIVE_INFINITY : rate,
  };
  return new SyslogUdpSink(url.name, format, target, onLoss);
};

export class SyslogUdpSink implements Sink {
  /** Records of which only the beginning was sent. */
  cut = 0;
  private socket: Socket | undefined;
  /** Of the socket: a port that is unreachable, for one. */
  private failure: Error | undefined;

  constructor(
    readonly name: string,
    private readonly format: Format,
    private readonly target: UdpTarget,
    private readonly onLoss: SinkOptions['onLoss'],
  ) {}

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    try {
      this.socket ??= await this.open();
      const cut = await this.sendAll(this.socket, batch, signal);
      // What a host says about the last datagrams arrives a turn later, if it is this one.
      await nextTurn();
      await nextTurn();
      if (this.failure !== undefined) throw this.failure;
      this.report(cut);
    } catch (error) {
      await this.close();
      throw temporaryFailure(error);
    }
  }

  async close(): Promise<void> {
    const { socket } = this;
    this.socket = undefined;
    this.failure = undefined;
    socket?.close();
  }

  private async open(): Promise<Socket> {
    const { host, port } = this.target;
    const { address, family } = await lookup(host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    try {
      // Connected: only such a socket hears of an unreachable port.
      socket.connect(port, address);
      await once(socket, 'connect');
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', (error) => {
      this.failure = error;
    });
    return socket;
  }

  /** @returns how many records were cut */
  private async sendAll(socket: Socket, batch: Batch, signal: AbortSignal): Promise<number> {
    let cut = 0;
    const count = batch.records.length;
    for (let next = 0; next < count; ) {
      if (signal.aborted) throw interrupted();
      if (this.failure !== undefined) throw this.failure;
      const began = performance.now();
      const burst: Buffer[] = [];
      for (let bytes = 0; next < count && burst.length < burstCount && bytes < burstBytes; next++) {
        const message = messageOf(batch, next, this.format);
        const sent = cutMessage(message, this.target.longest);
        if (sent.length < message.length) cut++;
        bytes += sent.length;
        burst.push(sent);
      }
      await Promise.all(burst.map((message) => send(socket, message)));
      await this.pace(burst.length, began);
    }
    return cut;
  }

  private async pace(count: number, began: number): Promise<void> {
    const wait = (count * 1000) / this.target.rate - (performance.now() - began);
    if (wait > 0) await delay(wait);
  }

  private report(cut: number): void {
    if (cut === 0) return;
    this.cut += cut;
    this.onLoss?.(`records longer than ${this.target.longest} bytes are cut`, cut);
  }
}

function send(socket: Socket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, (error) => (error ? reject(error) : resolve()));
  });
}

/** The beginning of a message that fits. A character that would be torn is left out (RFC 5424, 6.1). */
export function cutMessage(message: Buffer, longest: number): Buffer {
  if (message.length <= longest) return message;
  let end = longest;
  while (end > longest - 4 && isContinuation(message[end])) end--;
  return message.subarray(0, isContinuation(message[end]) ? longest : end);
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}
