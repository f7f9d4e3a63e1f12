/** What was never captured is told by whoever drains the cache. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GapJournal } from '../../src/capture/gap-journal.js';
import { GapReports } from '../../src/collector/gap-reports.js';
import { Errno } from '../../src/libc/errno.js';
import { temporaryPrefix } from '../harness/project.js';

const limit = { timeout: 20_000 };
const stream = '0'.repeat(32);
const path = '/var/log/a';

interface Told {
  readonly folder: string;
  readonly lines: Record<string, unknown>[];
  readonly reports: GapReports;
}

function watched(context: TestContext): Told {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  context.after(() => rmSync(folder, { recursive: true }));
  const lines: Record<string, unknown>[] = [];
  const warn = (details: Record<string, unknown>): void => void lines.push(details);
  return { folder, lines, reports: new GapReports(folder, { warn } as never) };
}

/** As the mount does it. */
function lose(folder: string, bytes: number, errno: number = Errno.ENOSPC): void {
  const journal = new GapJournal(folder, undefined);
  journal.add({ stream, path, errno, bytes, lines: 2, chunk: undefined });
  journal.flush();
}

test('gaps are told once, summed up by stream and reason, and taken away', limit, async (context) => {
  const { folder, lines, reports } = watched(context);
  for (const bytes of [10, 20]) lose(folder, bytes);
  lose(folder, 5, Errno.EIO);
  await reports.look();
  await reports.look();
  const told = lines.map((line) => [line.stream, line.path, line.reason, line.gaps, line.bytes, line.lines]);
  assert.deepEqual(told, [
    [stream, path, 'full', 2, 30, 4],
    [stream, path, 'EIO', 1, 5, 2],
  ]);
  for (const { first, last } of lines) assert.ok(Date.parse(`${first}`) <= Date.parse(`${last}`), 'times can be read');
  assert.deepEqual(reports.lost, { bytes: 35, lines: 6 });
  assert.deepEqual(readdirSync(folder), []);
});

test(
  'gaps that a killed collector has taken are told by the next, and so are those that came since',
  limit,
  async (context) => {
    const { folder, lines, reports } = watched(context);
    writeFileSync(join(folder, `${stream}.gaps.taken`), '{"time":"1","bytes":7,"lines":1,"reason":"full"}\nnonsense\n');
    lose(folder, 10);
    await reports.look();
    assert.deepEqual(
      lines.map(({ bytes }) => bytes),
      [7, 10],
    );
    assert.deepEqual(readdirSync(folder), []);
  },
);

test('other files stay', limit, async (context) => {
  const { folder, lines, reports } = watched(context);
  const others = ['clock', `${stream}.1700000000.0000000.ndjson`, 'x.gaps.ndjson'];
  for (const name of others) writeFileSync(join(folder, name), '{}');
  await reports.look();
  assert.deepEqual([lines, readdirSync(folder).sort()], [[], others.sort()]);
});
