import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FormatName } from '../../../src/collector/formats/format.js';
import type { SinkOptions } from '../../../src/collector/sinks/open-sink.js';
import { LogaggError } from '../../../src/config/errors.js';
import { sinkOf } from '../../harness/sink-batches.js';

/** What is said about a URL that can't be. */
function complaint(url: string, format: FormatName = 'raw', options: Partial<SinkOptions> = {}): string {
  try {
    sinkOf(url, format, options);
  } catch (error) {
    assert.ok(error instanceof LogaggError, String(error));
    assert.equal(error.code, 'LOGAGG_OPTION_VALUE');
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  throw new Error(`${url} was accepted`);
}

const accepted: readonly (readonly [url: string, format: FormatName])[] = [
  ['stdout:', 'raw'],
  ['file:///tmp/logagg%20out.log?rotate=100m&keep=3&mode=0640&sync=off', 'protobuf'],
  ['http://localhost/path?gzip=on&timeout=5s&body=array', 'ndjson'],
  ['https://localhost:8443/path?auth=none', 'raw'],
  ['syslog://localhost', 'syslog'],
  ['syslog+tcp://[::1]:601?framing=octet&ack=sent', 'syslog'],
  ['syslog+udp://192.0.2.1?max=2k&rate=0', 'raw'],
  ['syslog+tls://localhost:6514?framing=newline', 'syslog'],
  ['syslog+http://localhost/syslog', 'syslog'],
  ['syslog+https://localhost', 'syslog'],
  ['es://localhost', 'ndjson'],
  ['es+http://localhost:9200/prefix/_bulk?index=logs-web&op_type=create', 'ndjson'],
  ['es+https://localhost', 'ndjson'],
  ['elasticsearch://localhost', 'ndjson'],
];

for (const [url, format] of accepted) {
  test(`${url} is a destination for ${format}`, () => {
    assert.equal(sinkOf(url, format).name, url);
  });
}

const refused: readonly (readonly [what: string, url: string, message: RegExp, format?: FormatName])[] = [
  ['no URL at all', 'nonsense', /"nonsense" is not a URL such as/],
  ['an unknown scheme', 'kafka://host', /unknown scheme "kafka": it can be stdout file/],
  ['a scheme with a slip', 'sylog+tcp://host', /did you mean syslog\+tcp:\?/],
  ['an unknown option', 'http://host?colour=red', /unknown option "colour": it takes body=/],
  ['an option with a slip', 'http://host?gzipp=on', /did you mean gzip=\?/],
  ['an option of another scheme', 'http://host?ca=/x', /unknown option "ca"/],
  ['an option that is given twice', 'http://host?gzip=on&gzip=off', /gzip= twice/],
  ['an option without a value', 'http://host?timeout=', /no value for timeout=/],
  ['a wrong choice', 'http://host?gzip=yes', /gzip= can't be "yes": it takes on or off/],
  ['a wrong time', 'http://host?timeout=soon', /timeout= can't be "soon": it takes a time such as 30s/],
  ['no host', 'syslog+tcp://', /names no host/],
  ['a path where there is none', 'syslog+tcp://host/path', /has no path/],
  ['a fragment', 'http://host/#a', /write # as %23/],
  ['stdout with more', 'stdout:raw', /write stdout: and nothing behind it/],
  ['a relative file', 'file:out.log', /"file:out.log" is not a URL such as/],
  ['a file on a host', 'file://host/out.log', /write file:\/\/\/path/],
  ['a folder', 'file:///tmp/', /does not name a file/],
  ['a folder without its slash', 'file:///tmp', /neither a file nor a device/],
  ['a file in a file', 'file:///etc/hostname/x', /can't be used: not a directory/],
  ['wrong permissions', 'file:///nonexistent/x?mode=rw', /mode= can't be "rw"/],
  [
    'a wrong rotation',
    'file:///nonexistent/x?rotate=weekly',
    /rotate= can't be "weekly": it takes a size such as 100m/,
  ],
  ['keep without rotate', 'file:///nonexistent/x?keep=3', /keep= needs rotate=/],
  ['a certificate without its key', 'https://host?cert=/x', /cert= and key= belong together/],
  ['a CA that is missing', 'https://host?ca=/nonexistent.pem', /ca=\/nonexistent.pem can't be read: no such file/],
  ['a CA that is no certificate', 'https://host?ca=/etc/hostname', /holds no certificate/],
  ['a relative CA', 'https://host?ca=ca.pem', /absolute path of a PEM file/],
  ['an array of what is not JSON', 'http://host?body=array', /needs a format of JSON, not raw/],
  [
    'syslog from a format that is none',
    'syslog+udp://host',
    /takes the format syslog \(or raw\), not ndjson/,
    'ndjson',
  ],
  ['documents from a format that has none', 'es://host', /takes documents/],
  ['an index that can not be', 'es://host?index=Logs', /index= can't be "Logs"/, 'ndjson'],
  ['an unreadable port', 'http://host:70000', /is not a URL/],
];

for (const [what, url, message, format] of refused) {
  test(`${what} is refused: ${url}`, () => assert.match(complaint(url, format), message));
}

test('a password in a URL is refused and not repeated', () => {
  for (const url of [
    'http://me:hunter2@host/path',
    'syslog+tls://me:hunter2@host',
    'es://me:hunter2@host:70000',
    'http://me:hun/ter2@host',
    'nonsense://me:hunter2@@host',
  ]) {
    const message = complaint(url, 'ndjson');
    assert.doesNotMatch(message, /hunter2|ter2|me:/, url);
  }
  assert.match(complaint('http://me:hunter2@host'), /use the configuration file or the environment/);
});

test('what could be secret in a URL is not shown in its name', () => {
  const url = 'https://me@host:8443/path?query=api_key%3Dhunter2&gzip=on';
  const { name } = sinkOf(url, 'raw', { credentials: { password: 'pw' } });
  assert.equal(name, 'https://host:8443/path?query=…&gzip=on');
  assert.doesNotMatch(complaint('http://host?password=hunter2'), /hunter2/);
  assert.doesNotMatch(complaint('http://host?token=hunter2'), /hunter2/);
});

test('what a way to log in needs must be there', () => {
  assert.match(complaint('http://host?auth=basic'), /auth=basic needs a user and a password/);
  assert.match(complaint('http://host?auth=bearer', 'raw', { credentials: { password: 'hunter2' } }), /needs a token/);
  assert.match(complaint('es://host?auth=apikey', 'ndjson'), /needs an API key/);
  assert.match(complaint('http://me@host'), /auth=basic needs/);
});

test('a token that would begin another header is refused and not repeated', () => {
  const message = complaint('http://host', 'raw', { credentials: { token: 'hunter2\r\nX-Evil: 1' } });
  assert.match(message, /the token holds characters/);
  assert.doesNotMatch(message, /hunter2/);
});
