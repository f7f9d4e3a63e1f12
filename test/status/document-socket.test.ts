import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askStatus } from '../../src/status/ask-status.js';
import { DocumentSocket } from '../../src/status/document-socket.js';
import { serverStatus } from '../../src/status/status-document.js';
import { temporaryPrefix } from '../harness/project.js';
import { sampleServer } from './status-samples.js';

const limit = { timeout: 20_000 };
const PATIENCE = 300;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), temporaryPrefix));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function opened(t: TestContext, path: string, document: () => Promise<unknown>): Promise<DocumentSocket> {
  const socket = new DocumentSocket(path, undefined, document);
  await socket.open();
  t.after(() => socket.close());
  return socket;
}

const ask = (root: string) => askStatus(join(root, 's.sock'), join(root, 'pid'), serverStatus, PATIENCE);

test('whoever connects gets the document, also at a path that is too long for a socket', limit, async (t) => {
  const root = join(folder(t), 'x'.repeat(100), 'y'.repeat(100));
  mkdirSync(root, { recursive: true });
  await opened(t, join(root, 's.sock'), async () => sampleServer());
  const { state, status } = await ask(root);
  assert.deepEqual([state, status], ['running', sampleServer()]);
});

test('only its owner may connect', limit, async (t) => {
  const root = folder(t);
  await opened(t, join(root, 's.sock'), async () => sampleServer());
  assert.equal(statSync(join(root, 's.sock')).mode & 0o777, 0o600);
});

test('what an earlier process left at the path is replaced, and nothing is left at the end', limit, async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 's.sock'), '');
  const socket = await opened(t, join(root, 's.sock'), async () => sampleServer());
  assert.equal((await ask(root)).state, 'running');
  socket.close();
  assert.equal(existsSync(join(root, 's.sock')), false);
});

test('a client that takes nothing holds up no other', limit, async (t) => {
  const root = folder(t);
  await opened(t, join(root, 's.sock'), async () => sampleServer({ how: 'x'.repeat(8_000_000) }));
  const idle = connect(join(root, 's.sock')).pause();
  t.after(() => idle.destroy());
  assert.equal((await ask(root)).status?.how.length, 8_000_000);
});

test('nobody there, nobody answering, and nonsense are told apart', limit, async (t) => {
  const root = folder(t);
  assert.deepEqual(await ask(root), { state: 'absent', reason: 'there is none', status: null });
  writeFileSync(join(root, 'pid'), '4194304999\n');
  assert.match((await ask(root)).reason ?? '', /process 4194304999 is gone/);
  const mute = createServer().listen(join(root, 's.sock'));
  t.after(() => mute.close());
  assert.equal((await ask(root)).state, 'silent');
});

test('another version of the document is said to be that', limit, async (t) => {
  const root = folder(t);
  await opened(t, join(root, 's.sock'), async () => ({ ...sampleServer(), version: 2 }));
  assert.equal((await ask(root)).state, 'unreadable');
});
