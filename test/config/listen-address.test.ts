import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress, readListenAddress } from '../../src/config/listen-address.js';

const good: readonly (readonly [string, string])[] = [
  ['9105', '127.0.0.1:9105'],
  ['localhost:9105', '127.0.0.1:9105'],
  ['127.0.0.1:9105', '127.0.0.1:9105'],
  ['0.0.0.0:80', '0.0.0.0:80'],
  ['[::1]:9105', '[::1]:9105'],
  ['unix:/run/m.sock', 'unix:/run/m.sock'],
  ['unix:m.sock', 'unix:/srv/m.sock'],
];
const bad = ['', 'unix:', '99999', ':9105', 'example.org:9105', '::1:9105', '[::1]', '[127.0.0.1]:1', '1.2.3:80', 'x'];

test('addresses: a port alone is this host’s, all else has to be written', () => {
  for (const [text, full] of good) assert.equal(readListenAddress(text, '/srv'), full, text);
  for (const text of bad) assert.equal(readListenAddress(text, '/srv'), undefined, text);
});

test('the full form is read again as what it was', () => {
  for (const [, full] of good) assert.equal(readListenAddress(full, '/'), full);
  assert.deepEqual(parseListenAddress('[::1]:9105'), { kind: 'tcp', host: '::1', port: 9105 });
  assert.deepEqual(parseListenAddress('unix:/run/m.sock'), { kind: 'unix', path: '/run/m.sock' });
});
