/**
 * An HTTP server that misbehaves as told.
 *
 * Guarantees: keeps every request's body, unpacked, with its headers; is gone at the end of the test.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { CleanUpRegistry } from './mount-fixture.js';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The connection that it came by, from 1; 0 over TLS. */
  readonly connection: number;
}

/** What becomes of a request. */
export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Before anything was read; after the body; in the middle of the reply. */
  | 'reset at once'
  | 'reset'
  | 'break off'
  /** Some bytes of a reply now and then, for ever. */
  | 'drip'
  /** Reads everything and says nothing; does not even read. */
  | 'stall'
  | 'stall at once';

export class HttpReceiver {
  readonly requests: ReceivedRequest[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly numbers = new WeakMap<Socket, number>();
  private server: Server | undefined;
  private connections = 0;

  private constructor(
    private readonly answer: (request: ReceivedRequest, number: number) => Answer,
    private readonly tls: { readonly cert: string; readonly key: string } | undefined,
  ) {}

  /** @param answer - for each request; its number counts from 0 */
  static async start(
    context: CleanUpRegistry,
    answer: (request: ReceivedRequest, number: number) => Answer = () => ({ status: 200 }),
    tls?: { readonly cert: string; readonly key: string },
  ): Promise<HttpReceiver> {
    const receiver = new HttpReceiver(answer, tls);
    context.after(() => receiver.stop());
    await receiver.listen(0);
    return receiver;
  }

  get port(): number {
    if (this.server === undefined) throw new Error('the receiver has been stopped');
    return (this.server.address() as AddressInfo).port;
  }

  /** Listens on that port again after {@link stop}. */
  async listen(port: number): Promise<void> {
    const listener: RequestListener = (request, response) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    };
    this.server = this.tls === undefined ? createServer(listener) : createSecureServer(this.tls, listener);
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      this.numbers.set(socket, ++this.connections);
      socket.on('error', () => undefined);
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Ends as if it were killed: connections are reset. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
    if (server?.listening) await new Promise((resolve) => server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: Parameters<RequestListener>[1]): Promise<void> {
    const { socket, headers, url: path = '' } = request;
    const connection = this.numbers.get(socket) ?? 0;
    const number = this.requests.length;
    const early = this.answer({ path, headers, connection, body: '' }, number);
    if (early === 'reset at once' || early === 'stall at once') {
      this.requests.push({ path, headers, connection, body: '' });
      if (early === 'reset at once') socket.resetAndDestroy();
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const packed = Buffer.concat(parts);
    const body = (headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : packed).toString();
    const received = { path, headers, connection, body };
    this.requests.push(received);
    const answer = this.answer(received, number);
    if (answer === 'reset') socket.resetAndDestroy();
    else if (answer === 'break off') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('not all of', () => socket.destroy());
    } else if (answer === 'drip') {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 20);
      socket.once('close', () => clearInterval(timer));
    } else if (typeof answer === 'object') response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
  }
}
