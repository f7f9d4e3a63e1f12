/**
 * Requests to one HTTP server.
 *
 * Guarantees: one connection, kept alive. A reply is whole or it is a temporary failure: resets, silence beyond the time limit
 * and replies that break off are. After a reply with `Retry-After` the next request waits for as long. Redirects are not
 * followed, since they could carry credentials elsewhere. The signal ends a request and a wait at once.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { type Authorization, authorizationOf, type Credentials } from './authorization.js';
import { foreignText, interrupted, temporaryFailure } from './failure-text.js';
import { isSuccess, retryAfter, statusError } from './http-status.js';
import type { SinkError } from './sink.js';
import type { SinkUrl } from './sink-url.js';
import { readTlsOptions, tlsOptionNames } from './tls-options.js';

const compress = promisify(gzip);

const defaultTimeout = 30_000;
/** A server that goes on and on, a byte now and then, gets so many times the limit of silence. */
const patience = 10;
const longestReply = 64 * 1024 ** 2;
/** A connection idle for longer is not used again: many servers close it after 5 s, perhaps just when we write. */
const idleMilliseconds = 4_000;

/** Options of a URL that belong to the endpoint. */
export function endpointOptionNames(isSecure: boolean): readonly string[] {
  return ['auth', 'gzip', 'timeout', 'query', ...(isSecure ? tlsOptionNames : [])];
}

export class HttpEndpoint {
  private readonly options: RequestOptions;
  private readonly agent: HttpAgent;
  private readonly authorization: Authorization;
  private readonly isGzipped: boolean;
  private readonly timeout: number;
  private readonly request: typeof httpRequest;
  /** No request before this time (performance.now). */
  private notBefore = 0;
  /** When the last request ended (performance.now). */
  private lastUse = 0;

  /**
   * @param path - with its query, percent-encoded
   * @throws LogaggError LOGAGG_OPTION_VALUE
   */
  constructor(
    url: SinkUrl,
    credentials: Credentials | undefined,
    target: { isSecure: boolean; port: number; path: string },
  ) {
    this.authorization = authorizationOf(url, credentials);
    this.isGzipped = url.isOn('gzip', false);
    this.timeout = url.duration('timeout', defaultTimeout);
    const pool = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1, timeout: this.timeout };
    this.agent = target.isSecure ? new HttpsAgent({ ...pool, ...readTlsOptions(url) }) : new HttpAgent(pool);
    this.request = target.isSecure ? httpsRequest : httpRequest;
    const query = url.text('query');
    this.options = {
      ...{ agent: this.agent, method: 'POST', timeout: this.timeout },
      ...{ host: url.host, port: url.port(target.port) },
      path: query === undefined ? target.path : `${target.path}?${query.replace(/[^\x21-\x7e]/g, encodeURIComponent)}`,
    };
  }

  /**
   * @returns the body of a reply that means success
   * @throws SinkError
   */
  async post(body: Buffer, contentType: string, signal: AbortSignal): Promise<string> {
    if (signal.aborted) throw interrupted();
    await this.waitForServer(signal);
    if (performance.now() - this.lastUse > idleMilliseconds) this.agent.destroy();
    const content = this.isGzipped ? await compress(body, { level: constants.Z_BEST_SPEED }) : body;
    const headers: Record<string, string | number> = {
      'content-type': contentType,
      'content-length': content.length,
      'user-agent': 'logagg-fs',
    };
    if (this.isGzipped) headers['content-encoding'] = 'gzip';
    if (this.authorization.header !== undefined) headers.authorization = this.authorization.header;
    return this.exchange(content, headers, signal);
  }

  close(): void {
    this.agent.destroy();
  }

  /** What a reply says, fit to be shown. */
  shown(text: string): string {
    return foreignText(text, this.authorization.secrets);
  }

  private async waitForServer(signal: AbortSignal): Promise<void> {
    const wait = this.notBefore - performance.now();
    if (wait <= 0) return;
    await delay(wait, undefined, { signal }).catch(() => {
      throw interrupted();
    });
  }

  private exchange(content: Buffer, headers: Record<string, string | number>, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = this.request({ ...this.options, headers });
      const giveUp = (what: string, milliseconds: number) => (): void => {
        request.destroy(new Error(`${what} within ${milliseconds / 1000} s`));
      };
      const onAbort = (): void => {
        request.destroy(new Error('aborted'));
      };
      const longest = this.timeout * patience;
      const end = setTimeout(giveUp('no complete answer', longest), longest);
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = (outcome: () => void): void => {
        this.lastUse = performance.now();
        clearTimeout(end);
        signal.removeEventListener('abort', onAbort);
        outcome();
      };
      const fail = (error: unknown): void =>
        settle(() => reject(signal.aborted ? interrupted() : temporaryFailure(error)));
      request.on('timeout', giveUp('no answer', this.timeout));
      request.on('error', fail);
      request.on('response', (response) => {
        readText(response).then((text) => {
          const refusal = this.refusalOf(response, text);
          settle(() => (refusal === undefined ? resolve(text) : reject(refusal)));
        }, fail);
      });
      request.end(content);
    });
  }

  /** Undefined for success. */
  private refusalOf({ statusCode = 0, headers }: IncomingMessage, text: string): SinkError | undefined {
    if (isSuccess(statusCode)) return undefined;
    const wait = retryAfter(headers['retry-after'], Date.now());
    this.notBefore = performance.now() + wait;
    const asked = wait > 0 ? ` (it asks us to wait ${Math.ceil(wait / 1000)} s)` : '';
    const location = headers.location === undefined ? undefined : this.shown(headers.location.replace(/\?.*/s, ''));
    return statusError(statusCode, `${this.shown(text)}${asked}`.trim(), location);
  }
}

/** @throws an error when the reply breaks off or is too long */
async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > longestReply) throw new Error(`its reply is longer than ${longestReply} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
