import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readDashboardPage } from '../../src/observability/dashboard-page.js';
import { WebServer } from '../../src/observability/web-server.js';
import { temporaryPrefix } from '../harness/project.js';

const limit = { timeout: 20_000 };

interface Reply {
  readonly code: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const contents = {
  '/': async () => ({ type: 'text/html; charset=utf-8', text: '<p>page' }),
  '/metrics': async () => ({ type: 'text/plain', text: 'a 1\n' }),
  '/broken': async () => {
    throw new Error('no');
  },
};

async function served(t: TestContext, address = '127.0.0.1:0'): Promise<WebServer> {
  const server = new WebServer(address, undefined, contents, "default-src 'self'");
  await server.open();
  t.after(() => server.close());
  return server;
}

function ask(where: object, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { ...where, path, method, headers, setHost: headers.host === undefined };
    const sent = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ code: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on('error', reject).end();
  });
}

test('what is there is served, HEAD without a body, and nothing else', limit, async (t) => {
  const where = { host: '127.0.0.1', port: (await served(t)).port };
  assert.deepEqual(
    [(await ask(where, '/metrics?x=1')).text, (await ask(where, '/metrics', {}, 'HEAD')).text],
    ['a 1\n', ''],
  );
  assert.equal((await ask(where, '/nothing')).code, 404);
  assert.equal((await ask(where, '/__proto__')).code, 404);
  assert.equal((await ask(where, '/metrics', {}, 'POST')).code, 405);
  assert.equal((await ask(where, '/broken')).code, 500);
  assert.equal((await ask(where, '/metrics')).code, 200, 'and it goes on');
});

test('a name that is not localhost is refused: another site may have pointed it at us', limit, async (t) => {
  const where = { host: '127.0.0.1', port: (await served(t)).port };
  const code = async (host: string): Promise<number | undefined> => (await ask(where, '/metrics', { host })).code;
  for (const host of ['localhost', 'LOCALHOST:9105', '127.0.0.1', '127.0.0.1:80', '[::1]:80', '10.0.0.7:9105']) {
    assert.equal(await code(host), 200, host);
  }
  for (const host of ['evil.example', 'evil.example:9105', 'localhost.evil.example', '127.0.0.1.evil.example', '']) {
    assert.notEqual(await code(host), 200, host);
  }
});

test(
  'no other page may read or frame what is served, and the page may load nothing from elsewhere',
  limit,
  async (t) => {
    const where = { host: '127.0.0.1', port: (await served(t)).port };
    const { headers } = await ask(where, '/metrics', { origin: 'https://evil.example' });
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.match(String(headers['content-security-policy']), /default-src 'none'; frame-ancestors 'none'/);
    assert.equal((await ask(where, '/')).headers['content-security-policy'], "default-src 'self'");
    const { html, policy } = readDashboardPage();
    assert.match(
      policy,
      /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'; connect-src 'self'/,
    );
    assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(html), 'the page names no other host');
  },
);

test(
  'at a Unix socket: root’s alone, in the place of an old one, gone at the end; a file is left alone',
  limit,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'x'.repeat(120), 'm.sock');
    mkdirSync(dirname(path));
    const server = await served(t, `unix:${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    server.close();
    assert.equal(existsSync(path), false);
    await assert.rejects(served(t, `unix:${join(folder, 'x'.repeat(120))}`), /too long/);
    writeFileSync(path, 'precious');
    await assert.rejects(served(t, `unix:${path}`));
    assert.equal(statSync(path).size, 8);
  },
);
