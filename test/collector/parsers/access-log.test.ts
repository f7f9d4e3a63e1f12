import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorOf, fieldsOf } from './parsing.js';

const limit = { timeout: 60_000 };
const time = '[04/Feb/2026:12:00:01 +0100]';
const common = `192.0.2.1 - frank ${time} "GET /a?b=c HTTP/1.1" 200 2326`;
const fields = {
  ...{ client: '192.0.2.1', user: 'frank', time: '2026-02-04T12:00:01+01:00' },
  ...{ method: 'GET', path: '/a?b=c', protocol: 'HTTP/1.1', status: 200, bytes: 2326 },
};
const headers = { referer: 'http://example.com/', agent: 'Mozilla/5.0 (X11)' };
const combined = `${common} "${headers.referer}" "${headers.agent}"`;

for (const name of ['nginx', 'apache'] as const) {
  describe(`access logs of ${name}`, limit, () => {
    const cases: Readonly<Record<string, readonly [string, Record<string, unknown>]>> = {
      common: [common, fields],
      combined: [combined, { ...fields, ...headers }],
      'with a forwarded-for header': [
        `${combined} "10.0.0.1, 10.0.0.2"`,
        { ...fields, ...headers, forwarded_for: '10.0.0.1, 10.0.0.2' },
      ],
      'with something else behind it': [`${combined} "-" 0.003 "x"`, { ...fields, ...headers, extra: '0.003 "x"' }],
      'with a virtual host and its port': [
        `www.example.com:443 ${combined}`,
        { vhost: 'www.example.com:443', ...fields, ...headers },
      ],
      'with a virtual host': [`www.example.com ${common}`, { vhost: 'www.example.com', ...fields }],
      'an IPv6 client, a name with spaces and brackets': [
        `2001:db8::1 - John [x] Doe ${time} "GET / HTTP/2.0" 304 0 "-" "-"\r`,
        {
          ...{ client: '2001:db8::1', user: 'John [x] Doe', time: fields.time, method: 'GET', path: '/' },
          ...{ protocol: 'HTTP/2.0', status: 304, bytes: 0 },
        },
      ],
      'a dash for all that is missing': [
        `192.0.2.1 - - ${time} "-" 408 - "-" "-"`,
        { client: '192.0.2.1', time: fields.time, status: 408 },
      ],
      'a request that is none': [
        `192.0.2.1 - - ${time} "\\x16\\x03\\x01" 400 0 "-" "-"`,
        { client: '192.0.2.1', time: fields.time, request: '\x16\x03\x01', status: 400, bytes: 0 },
      ],
      'an empty request': [
        `192.0.2.1 - - ${time} "" 400 0`,
        { client: '192.0.2.1', time: fields.time, status: 400, bytes: 0 },
      ],
      'a path with spaces, and no protocol': [
        `192.0.2.1 ident - ${time} "GET /a b c" 400 0`,
        {
          ...{ client: '192.0.2.1', ident: 'ident', time: fields.time, method: 'GET', path: '/a b c' },
          ...{ status: 400, bytes: 0 },
        },
      ],
      'a size beyond a double': [
        `192.0.2.1 - - ${time} "GET / HTTP/1.1" 200 99999999999999999999`,
        {
          ...{ client: '192.0.2.1', time: fields.time, method: 'GET', path: '/', protocol: 'HTTP/1.1', status: 200 },
          bytes: '99999999999999999999',
        },
      ],
    };
    for (const [what, [line, expected]] of Object.entries(cases)) {
      test(what, () => assert.deepEqual(fieldsOf(name, line), expected));
    }

    test("Apache's and nginx' escapes are decoded", () => {
      const line = `192.0.2.1 - - ${time} "GET /\\x22\\xC3\\xA9\\"\\\\ HTTP/1.1" 200 1 "\\x5Cx41\\t" "\\x00é"`;
      const { path, referer, agent } = fieldsOf(name, line);
      assert.deepEqual([path, referer, agent], ['/"é"\\', '\\x41\t', '\0é']);
    });

    test('a user name can forge no other request', () => {
      const forged = `x [01/Jan/2000:00:00:00 +0000] \\"GET /forged HTTP/1.1\\" 200 1`;
      const parsed = fieldsOf(name, `192.0.2.1 - ${forged} ${time} "GET /real HTTP/1.1" 401 5 "-" "-"`);
      assert.deepEqual([parsed.path, parsed.time, parsed.status], ['/real', fields.time, 401]);
    });

    test('an agent can forge nothing', () => {
      const forged = `\\" ${time} \\"GET /forged HTTP/1.1\\" 200 1`;
      const parsed = fieldsOf(name, `${common} "-" "${forged}"`);
      assert.deepEqual([parsed.path, parsed.agent], ['/a?b=c', forged.replaceAll('\\"', '"')]);
    });

    const wrong: Readonly<Record<string, string>> = {
      'no time': '192.0.2.1 - - "GET / HTTP/1.1" 200 1',
      'nothing at all': '',
      'a day that the month does not have': common.replace('04/Feb', '29/Feb'),
      'an hour 24': common.replace(':12:', ':24:'),
      'a month that is none': common.replace('Feb', 'Foo'),
      'no client': `${time} "GET / HTTP/1.1" 200 1`,
      'a request without an end': `192.0.2.1 - - ${time} "GET / HTTP/1.1`,
      'no status': `192.0.2.1 - - ${time} "GET / HTTP/1.1"`,
      'a status that is no number': `192.0.2.1 - - ${time} "GET / HTTP/1.1" ok 1`,
    };
    for (const [what, line] of Object.entries(wrong)) {
      test(`does not parse: ${what}`, () => assert.match(errorOf(name, line), new RegExp(`^${name}: \\w`)));
    }

    test('a leap day', () => {
      assert.equal(fieldsOf(name, common.replace('04/Feb/2026', '29/Feb/2024')).time, '2024-02-29T12:00:01+01:00');
    });
  });
}
