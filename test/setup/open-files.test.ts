import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unitOf, writersBelow } from '../../src/setup/open-files.js';
import { temporaryPrefix } from '../harness/project.js';

for (const [cgroup, unit] of [
  ['0::/system.slice/rsyslog.service\n', 'rsyslog.service'],
  ['0::/system.slice/system-getty.slice/getty@tty1.service\n', 'getty@tty1.service'],
  ['0::/system.slice/docker.service/payload\n', 'docker.service'],
  ['12:cpu:/x.service\n1:name=systemd:/system.slice/cron.service\n', 'cron.service'],
  ['0::/user.slice/user-0.slice/user@0.service/app.slice/app.service\n', undefined],
  ['0::/user.slice/user-0.slice/session-1.scope\n', undefined],
  ['0::/\n', undefined],
  ['', undefined],
] as const) {
  test(`the unit of ${JSON.stringify(cgroup)} is ${unit}`, () => assert.equal(unitOf(cgroup), unit));
}

test('who writes below a directory is found, who reads is not', { timeout: 20_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['read', 'written']) writeFileSync(join(folder, name), '');
  const reader = openSync(join(folder, 'read'), 'r');
  t.after(() => closeSync(reader));
  const script = 'exec 3>>"$1/written" 4<"$1/read"; echo open; exec sleep 20';
  const child = spawn('sh', ['-c', script, 'sh', folder], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill());
  await once(child.stdout, 'data');
  const holders = writersBelow(folder, 'underneath');
  assert.deepEqual(
    holders.map(({ pid, paths }) => [pid, paths]),
    [[child.pid, [join(folder, 'written')]]],
  );
  assert.deepEqual(writersBelow(folder, 'mount'), []);
});
