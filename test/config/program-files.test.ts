/** Which processes are taken for ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOurProgram } from '../../src/config/program-files.js';

const ours: readonly (readonly string[])[] = [
  ['/usr/bin/node', '/opt/x/dist/src/bundled/server.js', 'name', '/var/log'],
  ['/usr/bin/node', '--max-old-space-size=256', '/opt/x/dist/src/bundled/cli.js', 'collect'],
  ['/usr/bin/node', 'dist/src/cli.js', '-f'],
  ['/bin/sh', '/usr/lib/logagg-fs/bin/logagg-fs-supervisor'],
  ['/sbin/mount.logagg-fs', 'name', '/var/log'],
];
const others: readonly (readonly string[])[] = [
  [],
  ['/usr/bin/node', '/opt/x/server.js'],
  ['/usr/bin/node', '/opt/x/bundled/server.json'],
  ['vi', 'client.js'],
];

test('servers, supervisors and commands are ours wherever they are installed, other programs are not', () => {
  for (const args of ours) assert.ok(isOurProgram(args), args.join(' '));
  for (const args of others) assert.ok(!isOurProgram(args), args.join(' '));
});
