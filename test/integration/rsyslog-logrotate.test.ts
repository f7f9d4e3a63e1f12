/** The main job on real input: a real rsyslogd writes through the mount while a real logrotate rotates. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { captured } from '../harness/captured.js';
import { chunksOf, streamOf } from '../harness/chunks.js';
import { ended, eventually, killGroup, output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { connected, freePort } from '../harness/ports.js';

const limit = { timeout: 240_000 };
const lineCount = 50_000;
const rotations = 5;
const batch = 100;

const line = (number: number): string => `<13>Jan  1 00:00:00 host app: line ${String(number).padStart(6, '0')}\n`;
const allLines = Array.from({ length: lineCount }, (_, number) => line(number)).join('');

interface Rsyslog {
  readonly port: number;
  readonly pidFile: string;
}

/** Starts an rsyslogd of our own that writes what it gets on a loopback port into a file, unchanged. */
async function startRsyslog(fixture: MountFixture, file: string): Promise<Rsyslog> {
  const port = await freePort();
  const [config, pidFile] = [join(fixture.folder, 'rsyslog.conf'), join(fixture.folder, 'rsyslog.pid')];
  writeFileSync(
    config,
    `global(workDirectory="${fixture.folder}")
module(load="imtcp")
template(name="unchanged" type="string" string="%rawmsg%\\n")
ruleset(name="toFile") { action(type="omfile" file="${file}" template="unchanged" fileCreateMode="0640") }
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="toFile")
`,
  );
  const child = spawn('rsyslogd', ['-n', '-f', config, '-i', pidFile], { detached: true, stdio: 'ignore' });
  fixture.after(async () => {
    killGroup(child);
    await ended(child);
  });
  await eventually(() => existsSync(pidFile), { within: 10_000, what: 'rsyslogd running' });
  return { port, pidFile };
}

/** Sends all lines at a pace that lets rotations happen in between, and rotates at equal distances meanwhile. */
async function sendWhileRotating(port: number, rotate: () => Promise<unknown>): Promise<void> {
  const socket = await connected(port);
  let sent = 0;
  const sending = (async () => {
    for (; sent < lineCount; sent += batch) {
      const text = Array.from({ length: batch }, (_, index) => line(sent + index)).join('');
      if (!socket.write(text)) await new Promise((resolve) => socket.once('drain', resolve));
      await delay(4);
    }
  })();
  for (let rotation = 1; rotation <= rotations; rotation++) {
    const due = (lineCount / (rotations + 1)) * rotation;
    await eventually(() => sent >= due, { within: 60_000, what: `${due} lines sent` });
    await rotate();
    assert.ok(sent < lineCount, 'lines are still being sent after the rotation');
  }
  await sending;
  await new Promise<void>((resolve) => socket.end(resolve));
}

function logrotate(fixture: MountFixture, directives: string): () => Promise<unknown> {
  const [config, state] = [join(fixture.folder, 'logrotate.conf'), join(fixture.folder, 'logrotate.state')];
  writeFileSync(config, `${fixture.path('app.log')} {\n  rotate 10\n${directives}}\n`, { mode: 0o644 });
  return () => output('logrotate', ['--force', '--state', state, config]);
}

async function assertEveryLineOnce(fixture: MountFixture): Promise<void> {
  await eventually(() => captured(fixture, 'app.log').length >= allLines.length, {
    within: 60_000,
    what: 'all lines captured',
  });
  const text = captured(fixture, 'app.log');
  const differing = text.split('\n').findIndex((found, number) => `${found}\n` !== line(number));
  assert.equal(differing, lineCount, 'the first line that differs is the one behind the last');
  assert.equal(text, allLines);
  assert.ok(chunksOf(fixture.logs, fixture.path('app.log')).length > 1, 'more than one chunk');
}

test('rsyslogd writes 50,000 lines while logrotate renames five times: every line once, in order', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['app.log'] });
  await fixture.remount();
  const { port, pidFile } = await startRsyslog(fixture, fixture.path('app.log'));
  const rotate = logrotate(
    fixture,
    `  create 0640 root adm\n  postrotate\n    kill -HUP $(cat ${pidFile})\n  endscript\n`,
  );
  await sendWhileRotating(port, rotate);
  await assertEveryLineOnce(fixture);
  const rotated = Array.from({ length: rotations }, (_, index) => `app.log.${rotations - index}`);
  assert.deepEqual(readdirSync(fixture.mirror).sort(), ['app.log', ...rotated].sort());
  const mirrored = [...rotated, 'app.log'].map((name) => readFileSync(join(fixture.mirror, name), 'utf8'));
  assert.equal(mirrored.join(''), allLines);
});

test(
  'rsyslogd writes 50,000 lines while logrotate copies and truncates five times: every line once, in order',
  limit,
  async (t) => {
    const fixture = MountFixture.prepare(t, { patterns: ['app.log*'] });
    await fixture.remount();
    const { port } = await startRsyslog(fixture, fixture.path('app.log'));
    await sendWhileRotating(port, logrotate(fixture, '  copytruncate\n'));
    await assertEveryLineOnce(fixture);
    const stream = streamOf(fixture.path('app.log'));
    const copies = readdirSync(fixture.logs).filter((name) => !name.startsWith(stream));
    assert.deepEqual(copies, [], "no chunk of logrotate's copies");
    assert.equal(readdirSync(fixture.mirror).length, rotations + 1);
  },
);
