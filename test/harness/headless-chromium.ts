/**
 * Debian's headless Chromium, driven by its DevTools protocol over a pair of pipes.
 *
 * Guarantees: a profile of its own below the test's temporary folder; the process is killed at the end of the test at the latest. Nothing
 * that the page says on the console or that the browser refuses to load goes unnoticed: see {@link HeadlessChromium.complaints}.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { CleanUpRegistry } from './mount-fixture.js';
import { temporaryPrefix } from './project.js';

type Reply = { readonly id?: number; readonly method?: string; readonly params?: unknown; readonly result?: unknown };

/** What the page looks like. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly isDark: boolean;
}

export class HeadlessChromium {
  /** Requests that the page made: URLs. */
  readonly requests: string[] = [];
  /** Exceptions, errors on the console, refusals of the page's policy. */
  readonly complaints: string[] = [];
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private session = '';
  private lastId = 0;
  private rest = '';

  private constructor(private readonly child: ChildProcess) {
    const stream = child.stdio[4] as Readable;
    stream.setEncoding('utf8').on('data', (part: string) => this.receive(part));
  }

  static async open(context: CleanUpRegistry): Promise<HeadlessChromium> {
    const profile = mkdtempSync(join(tmpdir(), temporaryPrefix));
    const flags = ['--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run'];
    const child = spawn('chromium-headless-shell', [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    context.after(async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    });
    const browser = new HeadlessChromium(child);
    await browser.attach();
    return browser;
  }

  private async attach(): Promise<void> {
    const target = await this.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const attached = await this.call<{ sessionId: string }>('Target.attachToTarget', {
      targetId: target.targetId,
      flatten: true,
    });
    this.session = attached.sessionId;
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await this.call(`${domain}.enable`);
  }

  async resize({ width, height, isDark }: Screen): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.call('Emulation.setDeviceMetricsOverride', metrics);
    const features = [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }];
    await this.call('Emulation.setEmulatedMedia', { features });
  }

  async visit(url: string): Promise<void> {
    await this.call('Page.navigate', { url });
  }

  /** The value of an expression in the page; plain data. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result } = await this.call<{ result: { value: Value } }>('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    return result.value;
  }

  /** Writes a picture of the page, all of it. */
  async screenshot(file: string): Promise<void> {
    const { data } = await this.call<{ data: string }>('Page.captureScreenshot', { captureBeyondViewport: true });
    writeFileSync(file, Buffer.from(data, 'base64'));
  }

  private call<Result>(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Result> {
    const id = ++this.lastId;
    const stream = this.child.stdio[3] as Writable;
    const session = this.session === '' ? {} : { sessionId: this.session };
    stream.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve) => this.waiting.set(id, ({ result }) => resolve(result as Result)));
  }

  private receive(part: string): void {
    const messages = (this.rest + part).split('\0');
    this.rest = messages.pop() ?? '';
    for (const text of messages) this.take(JSON.parse(text) as Reply);
  }

  private take(reply: Reply): void {
    if (reply.id !== undefined) {
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    }
    const { method = '', params } = reply;
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params as { request: { url: string } }).request.url);
    }
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.complaints.push(JSON.stringify(params));
  }
}
