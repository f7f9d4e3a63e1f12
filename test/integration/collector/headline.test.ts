/**
 * Why this project exists: a log that copytruncate rotates each second while a service writes 20,000 lines a second. What
 * arrives through `tail -F`, through rsyslog's imfile, and through the mount and its collector.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Follower } from '../../demo/follower.js';
import { LineLedger } from '../../demo/line-ledger.js';
import { CollectProcess } from '../../harness/collect-process.js';
import { DaemonProcess } from '../../harness/daemon-process.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { compiledTest } from '../../harness/project.js';
import { logrotate } from '../../harness/rotation.js';
import { byLength } from '../../harness/test-length.js';

const linesPerSecond = 20_000;
const seconds = byLength(6, 30);
/** Time for the followers to read what they still can, in milliseconds. */
const patience = 4000;

/** An rsyslogd that follows a file and writes each line to another. */
function followByImfile(fixture: MountFixture, log: string, to: string): DaemonProcess {
  const work = join(fixture.folder, 'rsyslog');
  mkdirSync(work);
  const config = join(work, 'rsyslog.conf');
  writeFileSync(
    config,
    `global(workDirectory="${work}")
module(load="imfile")
template(name="line" type="string" string="%msg%\\n")
ruleset(name="all") { action(type="omfile" file="${to}" template="line") }
input(type="imfile" file="${log}" tag="log" ruleset="all" reopenOnTruncate="on")
`,
  );
  return new DaemonProcess(fixture, 'rsyslogd', ['-n', '-f', config, '-i', join(work, 'pid')]);
}

/** Writes for a time, with a rotation each second. @returns lines written */
async function writeAndRotate(fixture: MountFixture, log: string): Promise<number> {
  const writer = spawn(process.execPath, [compiledTest('harness/paced-writer.js'), log, `${linesPerSecond}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  fixture.after(async () => void writer.kill('SIGKILL'));
  const place = { folder: fixture.folder, logs: fixture.mountpoint, after: fixture.after.bind(fixture) };
  const rotate = logrotate(place, ['app.log'], '  copytruncate\n');
  for (let second = 1; second < seconds; second++) {
    await delay(1000);
    await rotate();
  }
  await delay(1000);
  writer.kill('SIGTERM');
  return Number(await text(writer.stdout));
}

function linesIn(path: string): LineLedger {
  const ledger = new LineLedger();
  if (existsSync(path)) ledger.add(readFileSync(path));
  return ledger;
}

test('copytruncate each second under 20,000 lines a second: all arrive once, in order', {
  timeout: (seconds + 60) * 1000,
}, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log'], options: ['seal=1'] });
  const log = fixture.path('app.log');
  writeFileSync(log, '');
  const [byImfile, byUs] = [join(fixture.folder, 'imfile'), join(fixture.folder, 'collected')];
  const imfile = followByImfile(fixture, log, byImfile);
  const tail = new Follower(log);
  fixture.after(async () => tail.stop());
  const collector = new CollectProcess(fixture, [fixture.root, '--to', `file://${byUs}`, '--format', 'raw']);
  await delay(1000);
  const written = await writeAndRotate(fixture, log);
  await delay(patience);
  tail.stop();
  await imfile.stop();
  collector.child.kill('SIGTERM');
  const ours = linesIn(byUs);
  for (const [name, ledger] of [
    ['tail -F', tail.ledger],
    ['rsyslog imfile', linesIn(byImfile)],
    ['logagg-fs', ours],
  ] as const) {
    t.diagnostic(`${name}: ${ledger.distinct} of ${written} lines, ${ledger.repeated} of them again`);
  }
  assert.ok(written > (linesPerSecond * seconds) / 2, 'the writer kept up at least half of its pace');
  assert.deepEqual([ours.distinct, ours.repeated, ours.misplaced], [written, 0, 0]);
});
