import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationOf, type Credentials } from '../../../src/collector/sinks/authorization.js';
import { SinkUrl } from '../../../src/collector/sinks/sink-url.js';

const header = (url: string, credentials?: Credentials): string | undefined =>
  authorizationOf(new SinkUrl(url), credentials).header;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('without credentials there is no header', () => {
  assert.equal(header('http://host'), undefined);
});

test('the credentials say how to log in', () => {
  assert.equal(header('http://host', { user: 'me', password: 'pä:ss' }), `Basic ${base64('me:pä:ss')}`);
  assert.equal(header('http://host', { token: 'abc' }), 'Bearer abc');
  assert.equal(header('http://host', { apiKey: 'aWQ6a2V5' }), 'ApiKey aWQ6a2V5');
});

test('auth= chooses among several', () => {
  const credentials = { user: 'me', password: 'pw', token: 'abc' };
  assert.equal(header('http://host?auth=basic', credentials), `Basic ${base64('me:pw')}`);
  assert.equal(header('http://host?auth=none', credentials), undefined);
});

test('the user may stand in the URL', () => {
  assert.equal(header('http://m%40e@host', { password: 'pw' }), `Basic ${base64('m@e:pw')}`);
});

test('an API key is encoded with its id', () => {
  assert.equal(header('es://host', { user: 'id', apiKey: 'key' }), `ApiKey ${base64('id:key')}`);
  assert.equal(header('es://host', { apiKey: 'id:key' }), `ApiKey ${base64('id:key')}`);
});

test('secrets are known in every form in which a server could repeat them', () => {
  const { secrets } = authorizationOf(new SinkUrl('http://host'), { user: 'me', password: 'pw' });
  assert.deepEqual(secrets, ['pw', base64('me:pw')]);
});
