/** etc/collector.yaml: what is understood, and how what is wrong is said. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CollectorConfig, DestinationConfig } from '../../../src/collector/config/collector-config.js';
import { commandLineConfig } from '../../../src/collector/config/command-line.js';
import { ConfigProblems, parseConfig } from '../../../src/collector/config/config-file.js';
import { RouteTable } from '../../../src/collector/routes.js';
import { projectRoot } from '../../harness/project.js';

const limit = { timeout: 20_000 };

function parse(text: string, environment: NodeJS.ProcessEnv = {}): CollectorConfig {
  const checkDestination = ({ url }: DestinationConfig): void => {
    if (url.startsWith('gopher:')) throw new Error('gopher is not a protocol for logs');
  };
  return parseConfig(text, { file: 'c.yaml', environment, checkDestination });
}

function problemsOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ConfigProblems);
    return [...error.problems];
  }
  return [];
}

const destinations = 'destinations:\n  a:\n    url: file:///a\n  b:\n    url: syslog://b\n    format: raw\n';

describe('a configuration', limit, () => {
  test('says where to deliver what', () => {
    const { routes, ...rest } = parse(
      `${destinations}routes:\n  - paths: [/var/log/*]\n    to: [a, b]\n    tags: [t]\n    fields: {x: 1}\n    rate: 5\n    multiline: {start: '^\\d'}\n`,
    );
    assert.deepEqual(rest.destinations, [
      { name: 'a', url: 'file:///a', format: 'raw', credentials: undefined },
      { name: 'b', url: 'syslog://b', format: 'raw', credentials: undefined },
    ]);
    const [route] = routes;
    assert.deepEqual([route?.to, route?.tags, route?.fields, route?.rate], [['a', 'b'], ['t'], { x: 1 }, 5]);
    assert.deepEqual(route?.multiline, /^\d/u);
  });

  test('that is the example is right', () => {
    const text = readFileSync(join(projectRoot, 'etc/collector.yaml'), 'utf8');
    assert.equal(parse(text).routes.length, 1);
    // What is indented and commented out are examples, too.
    const everything = text.replace(/^ {2}# /gm, '  ').replace(/\{file: [^}]*\}/g, '{env: SECRET}');
    const { destinations, routes } = parse(everything, { SECRET: 'x' });
    assert.deepEqual(
      destinations.map(({ name }) => name),
      ['archive', 'search', 'loghost', 'terminal'],
    );
    assert.deepEqual(
      routes.map(({ to }) => to),
      [['archive', 'search'], ['archive'], [], ['archive']],
    );
  });

  test('with mistakes gives one line each, with file, line and key', () => {
    assert.deepEqual(problemsOf(`${destinations}routes:\n  - to: [a, c]\n  - to: [a]\n    paths: ['/a/[b']\n`), [
      'c.yaml:8: routes[0].to[1]: there is no destination "c"',
      'c.yaml:10: routes[1].paths[0]: pattern "/a/[b" is ignored: Missing closing: "]" - use "\\]" to match literal characters',
    ]);
    const wrong = problemsOf('destinations:\n  a:\n    url: gopher://x\n    password: secret\nroutes: []\nextra: 1\n');
    assert.deepEqual(wrong.map((line) => line.split(': ').slice(0, 2).join(' ')).sort(), [
      'c.yaml:4 destinations.a.password',
      'c.yaml:5 routes',
      'c.yaml:6 extra',
    ]);
    assert.doesNotMatch(wrong.join('\n'), /secret$/m);
    assert.deepEqual(problemsOf('destinations:\n  a:\n    url: gopher://x\nroutes:\n  - to: [a]\n'), [
      'c.yaml:3: destinations.a.url: gopher is not a protocol for logs',
    ]);
    assert.match(problemsOf('a: [\n').join(''), /^c\.yaml:\d: /);
    assert.match(problemsOf('').join(''), /^c\.yaml:1: /);
    assert.match(
      problemsOf(`${destinations}routes:\n  - to: [a]\n    multiline: {start: '('}\n`).join(),
      /:9: routes\[0\]\.multiline/,
    );
  });

  test('names where its secrets are, and never has them in a URL', () => {
    const withSecret = (value: string): string =>
      `destinations:\n  a:\n    url: https://a/\n    user: me\n    password: ${value}\nroutes:\n  - to: [a]\n`;
    const [destination] = parse(withSecret('{env: SECRET}'), { SECRET: 'x' }).destinations;
    assert.deepEqual(destination?.credentials, { user: 'me', password: 'x' });
    assert.deepEqual(problemsOf(withSecret('{env: SECRET}')), [
      'c.yaml:5: destinations.a.password: the environment variable SECRET is not set',
    ]);
    assert.match(problemsOf(withSecret('{file: /nowhere}')).join(), /ENOENT/);
    const inUrl = problemsOf('destinations:\n  a:\n    url: https://me:hunter2@a/\nroutes:\n  - to: [a]\n');
    assert.match(inUrl.join(), /^c\.yaml:3: destinations\.a\.url: a password in a URL/);
    assert.doesNotMatch(inUrl.join(), /hunter2/);
  });
});

describe('routes', limit, () => {
  const table = (yaml: string): RouteTable =>
    new RouteTable(parse(`${destinations}routes:\n${yaml}`).routes, assert.fail);
  const to = (routes: RouteTable, path: string): string[] | undefined => {
    const directions = routes.directionsOf(path);
    return directions && [...directions.keys()];
  };

  test('every one that matches counts, and the first for each destination decides', () => {
    const routes = table(
      "  - paths: ['/x/**', '!/x/no*']\n    to: [a]\n    tags: [first]\n  - to: [a, b]\n    tags: [second]\n",
    );
    assert.deepEqual(to(routes, '/x/y'), ['a', 'b']);
    assert.deepEqual(routes.directionsOf('/x/y')?.get('a')?.tags, ['first']);
    assert.deepEqual(routes.directionsOf('/x/y')?.get('b')?.tags, ['second']);
    assert.deepEqual(routes.directionsOf('/x/nothing')?.get('a')?.tags, ['second']);
  });

  test('a log that none matches is not routed; one whose path is unknown goes where all go', () => {
    const routes = table("  - paths: ['/x/*']\n    to: [a]\n  - paths: ['**']\n    to: [b]\n");
    assert.deepEqual(to(routes, ''), ['b']);
    const narrow = table("  - paths: ['/x/*']\n    to: [a]\n  - paths: ['/y']\n    to: []\n");
    assert.equal(to(narrow, '/z'), undefined);
    assert.equal(to(narrow, ''), undefined);
    assert.deepEqual(to(narrow, '/y'), []);
  });
});

test('the command line makes one route; secrets come from the environment', limit, () => {
  const config = commandLineConfig(['stdout:', 'https://a/'], undefined, {});
  assert.deepEqual(
    config.destinations.map(({ format }) => format),
    ['raw', 'ndjson'],
  );
  assert.deepEqual(config.routes[0]?.to, ['stdout:', 'https://a/']);
  const secret = { LOGAGG_PASSWORD: 'x' };
  assert.deepEqual(commandLineConfig(['https://a/'], 'raw', secret).destinations[0]?.credentials, { password: 'x' });
  assert.throws(() => commandLineConfig(['a:', 'b:'], undefined, secret), /--config/);
  assert.throws(() => commandLineConfig(['https://u:pw@a/'], undefined, {}), /password in a URL/);
});
