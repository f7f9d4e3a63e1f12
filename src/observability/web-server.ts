/**
 * The small web server behind `metrics=`: metrics, health, the status as JSON, and the dashboard page.
 *
 * Guarantees: answers GET and HEAD of its four paths, and nothing changes by them. A page of another site can neither read it (no CORS)
 * nor reach it by a name of its own (DNS rebinding): the Host header has to be an address or `localhost`. The dashboard may load nothing
 * from elsewhere (Content-Security-Policy). Slow and idle clients are hung up on; there are at most {@link MAX_CLIENTS}. Does not
 * keep the process alive, and has no TLS and no passwords: whoever can reach the address may read.
 */
import { chmodSync, chownSync, closeSync, openSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { parseListenAddress } from '../config/listen-address.js';
import { listening } from '../status/document-socket.js';
import { socketAddress } from '../status/socket-address.js';

const MAX_CLIENTS = 64;
const CLIENT_MS = 10_000;

export interface Content {
  readonly type: string;
  readonly text: string;
  /** Unless told, 200. */
  readonly code?: number;
}

/** What is served, by path; made anew for each request. */
export type Contents = Readonly<Record<string, () => Promise<Content>>>;

/** Headers of every answer. The page's own policy is in the page; this one holds for all the rest. */
const commonHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

export class WebServer {
  private readonly server: Server;
  private folderFd = -1;
  private socketPath: string | undefined;

  /**
   * @param address - as `config/listen-address.ts` writes it
   * @param gid - group that may connect to a Unix socket; undefined for root alone
   * @param pagePolicy - Content-Security-Policy of the dashboard
   */
  constructor(
    private readonly address: string,
    private readonly gid: number | undefined,
    private readonly contents: Contents,
    private readonly pagePolicy: string,
  ) {
    const limits = { requestTimeout: CLIENT_MS, headersTimeout: CLIENT_MS, maxHeaderSize: 16 * 1024 };
    this.server = createServer(limits, (request, response) => void this.answer(request, response));
    this.server.maxConnections = MAX_CLIENTS;
    this.server.timeout = CLIENT_MS;
  }

  /** The port that it listens at; undefined for a Unix socket. */
  get port(): number | undefined {
    const place = this.server.address();
    return typeof place === 'object' ? place?.port : undefined;
  }

  /** @throws Node's errors when the address can't be had */
  async open(): Promise<void> {
    const address = parseListenAddress(this.address);
    if (address.kind === 'tcp') await this.listenAtPort(address.host, address.port);
    else await this.listenAtSocket(address.path);
    this.server
      .removeAllListeners('error')
      .on('error', () => undefined)
      .unref();
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
    if (this.socketPath !== undefined) rmSync(this.socketPath, { force: true });
    this.closeFolder();
  }

  private listenAtPort(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject).once('listening', resolve);
      this.server.listen({ host, port });
    });
  }

  /** Through a descriptor of its folder, because a socket's path ends at 107 bytes. */
  private async listenAtSocket(path: string): Promise<void> {
    // What an earlier process has left; never anything but a socket.
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
    this.folderFd = openSync(dirname(path), 'r');
    try {
      await listening(this.server, socketAddress(this.folderFd, path));
    } catch (error) {
      this.closeFolder();
      throw error;
    }
    this.socketPath = path;
    if (this.gid === undefined) return;
    chownSync(path, -1, this.gid);
    chmodSync(path, 0o660);
  }

  private closeFolder(): void {
    if (this.folderFd >= 0) closeSync(this.folderFd);
    this.folderFd = -1;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const { code, type, text } = await this.contentFor(request).catch((error: unknown) =>
      plain(500, `internal error: ${error}`),
    );
    const headers: Record<string, string> = {
      ...commonHeaders,
      'content-type': type,
      'content-length': String(Buffer.byteLength(text)),
    };
    if (type.startsWith('text/html')) headers['content-security-policy'] = this.pagePolicy;
    if (code === 405) headers.allow = 'GET, HEAD';
    response.writeHead(code ?? 200, headers);
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  private async contentFor(request: IncomingMessage): Promise<Content> {
    if (!isAllowedHost(request.headers.host)) return plain(403, 'ask by address, or as localhost');
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET and HEAD');
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const make = Object.hasOwn(this.contents, path) ? this.contents[path] : undefined;
    return make === undefined ? plain(404, 'there are /, /metrics, /healthz and /status.json') : make();
  }
}

function plain(code: number, text: string): Content {
  return { code, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}

/** A name could be another site's, which points it at us once its page is loaded; an address can't. */
function isAllowedHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  const [, bracketed, other = ''] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::\d+)?$/.exec(host) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  return other.toLowerCase() === 'localhost' || isIP(other) === 4;
}
