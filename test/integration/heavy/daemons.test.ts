/**
 * Real daemons write through the mount for a while, are rotated, and stay healthy: every line is captured exactly once,
 * and owners and modes are what they are on a plain directory.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { captured } from '../../harness/captured.js';
import { output } from '../../harness/commands.js';
import { assertHealthy } from '../../harness/health.js';
import { type LogPlace, mountedPlace, ownersAndModes, plainPlace } from '../../harness/log-places.js';
import type { MountFixture } from '../../harness/mount-fixture.js';
import { runNginx } from '../../harness/nginx.js';
import { runPostgresql } from '../../harness/postgresql.js';
import { runRsyslog, syslogLine } from '../../harness/rsyslog.js';
import { byLength } from '../../harness/test-length.js';

const limit = { timeout: byLength(180_000, 400_000) };
const seconds = byLength(10, 60);
/** How long a daemon writes into a plain directory: long enough for the same number of rotations. */
const plainSeconds = 3;

interface Compared<Result> {
  readonly fixture: MountFixture;
  readonly result: Result;
}

/** Runs a daemon on a plain directory and on a mount, and compares what it leaves: names, kinds, owners, modes. */
async function onBoth<Result>(
  t: TestContext,
  daemon: (place: LogPlace, seconds: number) => Promise<Result>,
): Promise<Compared<Result>> {
  const plain = plainPlace(t);
  await daemon(plain, plainSeconds);
  const mounted = await mountedPlace(t);
  const result = await daemon(mounted, seconds);
  assert.deepEqual(await ownersAndModes(mounted), await ownersAndModes(plain));
  await assertHealthy(mounted.fixture);
  return { fixture: mounted.fixture, result };
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

/** Fails with the first line that differs: a complete comparison of a million lines could not be read. */
function assertSameLines(actual: readonly string[], expected: readonly string[], what: string): void {
  const differing = actual.findIndex((line, index) => line !== expected[index]);
  if (differing >= 0) assert.equal(actual[differing], expected[differing], `${what}, line ${differing}`);
  assert.equal(actual.length, expected.length, `number of lines, ${what}`);
}

/** Lines of a log and of all its rotated copies in the mirror, compressed or not, oldest first. */
async function mirroredLines({ mirror }: MountFixture, name: string): Promise<string[]> {
  const age = (file: string): number => Number(file.slice(name.length + 1).split('.')[0] ?? 0);
  const files = readdirSync(mirror).filter((file) => file === name || file.startsWith(`${name}.`));
  files.sort((a, b) => age(b) - age(a));
  return linesOf(await output('zcat', ['-f', ...files.map((file) => join(mirror, file))]));
}

test(
  'rsyslogd without root writes while logrotate renames and compresses: every line once, in order',
  limit,
  async (t) => {
    const { fixture, result: sent } = await onBoth(t, runRsyslog);
    const expected = Array.from({ length: sent }, (_, number) => syslogLine(number).trimEnd());
    for (const name of ['app.log', 'app/all.log']) {
      assertSameLines(linesOf(captured(fixture, name)), expected, `captured of ${name}`);
    }
    assertSameLines(await mirroredLines(fixture, 'app.log'), expected, 'mirror of app.log');
    assertSameLines(linesOf(readFileSync(join(fixture.mirror, 'app/all.log'), 'utf8')), expected, 'mirror of all.log');
    const messages = readFileSync(join(fixture.mirror, 'rsyslogd.log'), 'utf8');
    assert.match(messages, /userid changed to [1-9]/);
    assert.equal(messages.match(/was HUPed/g)?.length, 3);
    assert.doesNotMatch(messages, /error|denied|suspended/i);
  },
);

test('nginx serves wrk while logrotate has its logs reopened: a captured line for each request', limit, async (t) => {
  const { fixture, result: requests } = await onBoth(t, runNginx);
  const lines = linesOf(captured(fixture, 'access.log'));
  assert.equal(lines.length, requests, 'as many lines as requests');
  assert.equal(new Set(lines).size, requests, 'all different');
  // A worker may still write to the renamed log when the other has reopened: only the order can differ.
  assertSameLines((await mirroredLines(fixture, 'access.log')).sort(), lines.sort(), 'access.log');
  const errors = captured(fixture, 'error.log');
  assertSameLines((await mirroredLines(fixture, 'error.log')).sort(), linesOf(errors).sort(), 'error.log');
  assert.doesNotMatch(errors, /\[(warn|error|crit|alert|emerg)\]/);
});

/** Fails unless the lines of each session are numbered without a gap, from 1 on. */
function assertNumbered(lines: readonly { session: string; number: number }[], startsLater: string): void {
  const next = new Map<string, number>();
  for (const { session, number } of lines) {
    const expected = next.get(session) ?? (session.startsWith(startsLater) ? number : 1);
    assert.equal(number, expected, `line of session ${session}`);
    next.set(session, number + 1);
  }
}

test('PostgreSQL logs statements while logrotate copies and truncates: every line once, in order', limit, async (t) => {
  const { fixture, result } = await onBoth(t, runPostgresql);
  const lines = linesOf(captured(fixture, 'server.log'));
  const numbered = lines.map((line) => {
    const [pid, session, number] = line.split(' ');
    return { session: `${pid} ${session}`, number: Number(number) };
  });
  assertNumbered(numbered, `${result.pid} `);
  assert.equal(lines.filter((line) => line.endsWith("SELECT 'of pgbench';")).length, result.statements);
  const records = linesOf(captured(fixture, 'server.json')).map(
    (line) => JSON.parse(line) as { pid: number; session_id: string; line_num: number },
  );
  const ofSessions = records.map(({ pid, session_id, line_num }) => ({
    session: `${pid} ${session_id}`,
    number: line_num,
  }));
  assertNumbered(ofSessions, `${result.pid} `);
  const copies = readdirSync(fixture.mirror).filter((name) => /\.\d+(\.gz)?$/.test(name));
  assert.equal(copies.length, 6);
  for (const copy of copies) assert.equal(captured(fixture, copy), '', `${copy} is a copy, and not captured`);
});
