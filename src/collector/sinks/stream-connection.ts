/**
 * A connection, TCP or TLS, to a receiver that sends nothing back.
 *
 * Guarantees: {@link StreamConnection.finish} resolves when the receiver has closed its side after ours, in good order: it has
 * read everything up to the end. A receiver that dies with bytes unread resets the connection (its kernel does), and that
 * rejects. {@link StreamConnection.send} resolves when our kernel has taken the bytes, which says nothing about the receiver but
 * that it had not closed by then. Silence beyond the time limit rejects; so does the signal. After a rejection the connection
 * is of no more use.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { interrupted, temporaryFailure } from './failure-text.js';
import type { TlsOptions } from './tls-options.js';

export interface StreamTarget {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain TCP. */
  readonly tls: TlsOptions | undefined;
  /** Longest silence in milliseconds. */
  readonly timeout: number;
}

export class StreamConnection {
  private failure: Error | undefined;
  private hasEnded = false;
  private onChange: () => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    timeout: number,
  ) {
    socket.setTimeout(timeout, () => this.fail(new Error(`no progress within ${timeout / 1000} s`)));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the receiver has closed the connection')));
    socket.on('end', () => {
      this.hasEnded = true;
      this.onChange();
    });
    // What a receiver sends is not for us, but its end is only seen by reading.
    socket.resume();
  }

  /** @throws SinkError */
  static async open(target: StreamTarget, signal: AbortSignal): Promise<StreamConnection> {
    const { host, port, tls, timeout } = target;
    const place = { host, port };
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls === undefined ? connectTcp(place) : connectTls({ ...place, ...name, ...tls });
    const connection = new StreamConnection(socket, timeout);
    const ready = tls === undefined ? 'connect' : 'secureConnect';
    await connection.until((done) => void socket.once(ready, done), signal);
    return connection;
  }

  /** Whether it can still be used. */
  get isOpen(): boolean {
    return this.failure === undefined && !this.hasEnded;
  }

  /** @throws SinkError */
  async send(payload: Buffer, signal: AbortSignal): Promise<void> {
    // A turn of the loop, so that an end that has arrived is seen before we write and after it.
    await nextTurn();
    await this.until((done) => {
      if (this.hasEnded) this.fail(new Error('the receiver has closed the connection'));
      else this.socket.write(payload, (error) => error == null && done());
    }, signal);
    await nextTurn();
    if (!this.isOpen) throw temporaryFailure(this.failure ?? new Error('the receiver has closed the connection'));
  }

  /** Ends our side, and waits for the receiver to end its own. @throws SinkError */
  async finish(signal: AbortSignal): Promise<void> {
    await this.until((done) => {
      this.socket.end();
      this.onChange = () => this.hasEnded && done();
      this.onChange();
    }, signal);
    this.close();
  }

  close(): void {
    this.socket.destroy();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.onFailure(this.failure);
    this.socket.destroy();
  }

  private onFailure: (error: Error) => void = () => undefined;

  /** Waits for `begin` to call `done`, for a failure or for the signal. */
  private async until(begin: (done: () => void) => void, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.fail(interrupted());
    try {
      await new Promise<void>((resolve, reject) => {
        this.onFailure = reject;
        signal.addEventListener('abort', onAbort, { once: true });
        if (signal.aborted) onAbort();
        else if (this.failure !== undefined) reject(this.failure);
        else begin(resolve);
      });
    } catch (error) {
      throw temporaryFailure(error);
    } finally {
      this.onFailure = () => undefined;
      this.onChange = () => undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }
}
