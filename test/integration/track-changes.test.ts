/** trackfiles.txt while the mount is in use: every way to change it, and every kind of line. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { append, captured, untilCapture, untilCaptureOfOpen } from '../harness/captured.js';
import { eventually, output } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const limit = { timeout: 90_000 };

/** A mount that tracks `old.log`, with `app.log` open and not tracked. */
async function mountWithOpenFile(t: TestContext): Promise<{ fixture: MountFixture; fd: number }> {
  const fixture = await MountFixture.mount(t, { patterns: ['old.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  append(fixture, 'app.log', 'not tracked yet\n');
  assert.equal(captured(fixture, 'app.log'), '');
  return { fixture, fd };
}

/** Every way in which a text gets into trackfiles.txt. */
const ways: Record<string, (fixture: MountFixture, line: string) => unknown> = {
  'appended to': (fixture, line) => appendFileSync(fixture.trackfiles, `${line}\n`),
  'written in place': (fixture, line) => writeFileSync(fixture.trackfiles, `${line}\n`),
  'renamed over': (fixture, line) => {
    const temporary = `${fixture.trackfiles}.new`;
    writeFileSync(temporary, `${line}\n`);
    renameSync(temporary, fixture.trackfiles);
  },
  'removed and made anew': (fixture, line) => {
    rmSync(fixture.trackfiles);
    writeFileSync(fixture.trackfiles, `${line}\n`);
  },
  'edited by sed -i': (fixture, line) => output('sed', ['-i', `s|.*|${line}|`, fixture.trackfiles]),
};

for (const [way, change] of Object.entries(ways)) {
  test(`a pattern is effective for an open descriptor after trackfiles.txt was ${way}`, limit, async (t) => {
    const { fixture, fd } = await mountWithOpenFile(t);
    await change(fixture, fixture.path('app.log'));
    await untilCaptureOfOpen(fixture, 'app.log', fd, true);
    append(fixture, 'app.log', 'by name\n');
    assert.match(captured(fixture, 'app.log'), /by name\n$/);
    closeSync(fd);
  });
}

test('changes one after another are all effective', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: [] });
  for (const name of ['a.log', 'b.log', 'c.log', 'a.log']) {
    ways['renamed over']?.(fixture, fixture.path(name));
    await untilCapture(fixture, name, true);
  }
  await untilCapture(fixture, 'c.log', false);
});

test('a truncated trackfiles.txt ends capture and no write fails', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  await untilCaptureOfOpen(fixture, 'app.log', fd, true);
  truncateSync(fixture.trackfiles, 0);
  await untilCaptureOfOpen(fixture, 'app.log', fd, false);
  closeSync(fd);
});

test('after trackfiles.txt was removed for a while its new patterns are effective', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log'] });
  rmSync(fixture.trackfiles);
  const end = Date.now() + 2500;
  await eventually(
    () => {
      append(fixture, 'app.log', 'while it is missing\n');
      return Date.now() > end;
    },
    { within: 10_000 },
  );
  fixture.writeTrackfiles(`${fixture.path('other.log')}\n`);
  await untilCapture(fixture, 'other.log', true);
  await untilCapture(fixture, 'app.log', false);
});

test('a descriptor whose pattern goes and comes back is captured again', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log'] });
  const fd = openSync(fixture.path('app.log'), 'a');
  for (const wanted of [true, false, true]) {
    fixture.writeTrackfiles(wanted ? `${fixture.path('app.log')}\n` : '# none\n');
    await untilCaptureOfOpen(fixture, 'app.log', fd, wanted);
  }
  closeSync(fd);
});

test('a bad pattern is ignored alone, and reported once with its line', limit, async (t) => {
  const fixture = MountFixture.prepare(t, { patterns: ['before.log', `bad/${'x'.repeat(70_000)}`, 'after.log'] });
  await fixture.remount();
  for (const name of ['before.log', 'after.log']) {
    append(fixture, name, 'x\n');
    assert.equal(captured(fixture, name), 'x\n');
  }
  const reports = (): string[] =>
    fixture
      .ownLog()
      .split('\n')
      .filter((line) => line.includes('trackfiles') && /line\W+2\b/.test(line));
  await eventually(() => reports().length > 0, { within: 10_000, what: 'a report of line 2' });
  appendFileSync(fixture.trackfiles, '# changed\n');
  await untilCapture(fixture, 'before.log', true);
  assert.equal(reports().length, 1);
});

interface LineCase {
  readonly title: string;
  /** Text of trackfiles.txt; MNT stands for the mountpoint. */
  readonly text: string;
  readonly tracked: readonly string[];
  readonly untracked: readonly string[];
}

const lineCases: readonly LineCase[] = [
  {
    title: 'an exclamation mark excludes',
    text: 'MNT/*.log\n!MNT/debug.log\n',
    tracked: ['app.log'],
    untracked: ['debug.log'],
  },
  {
    title: 'comments and blank lines are not patterns',
    text: '# MNT/a.log\n\n  \n#\nMNT/b.log\n\n',
    tracked: ['b.log'],
    untracked: ['a.log'],
  },
  {
    title: 'CRLF line ends are no part of a pattern',
    text: 'MNT/a.log\r\nMNT/b*.log\r\n',
    tracked: ['a.log', 'b1.log'],
    untracked: ['c.log'],
  },
  {
    title: 'a byte-order mark is no part of a pattern',
    text: '\ufeffMNT/a.log\nMNT/b.log\n',
    tracked: ['a.log', 'b.log'],
    untracked: ['c.log'],
  },
  {
    title: 'the last line needs no newline',
    text: 'MNT/a.log\nMNT/b.log',
    tracked: ['a.log', 'b.log'],
    untracked: ['b.lo'],
  },
  { title: 'dot-files match', text: 'MNT/*\n', tracked: ['.hidden', 'app.log'], untracked: [] },
  {
    title: 'braces and classes match',
    text: 'MNT/{a,b}.log\nMNT/[xy]?.log\n',
    tracked: ['a.log', 'b.log', 'x1.log'],
    untracked: ['c.log', 'z1.log'],
  },
  {
    title: 'one star stays in its directory and two cross',
    text: 'MNT/*.log\nMNT/deep/**/*.log\n',
    tracked: ['a.log', 'deep/d/e/b.log', 'deep/c.log'],
    untracked: ['other/a.log'],
  },
  {
    title: 'names with quotes, blanks and accents match',
    text: 'MNT/*.log\n',
    tracked: ['it\'s "é" log.log'],
    untracked: ['é.txt'],
  },
  {
    title: 'compressed names are never captured',
    text: 'MNT/*\n',
    tracked: ['app.log.1'],
    untracked: ['app.log.2.gz', 'app.log.3.xz', 'app.log.4.zst', 'app.log.5.bz2'],
  },
];

for (const { title, text, tracked, untracked } of lineCases) {
  test(`trackfiles.txt: ${title}`, limit, async (t) => {
    const fixture = MountFixture.prepare(t, { patterns: [] });
    fixture.writeTrackfiles(text.replaceAll('MNT', fixture.mountpoint));
    await fixture.remount();
    await output('mkdir', ['-p', fixture.path('deep/d/e'), fixture.path('other')]);
    for (const name of [...tracked, ...untracked]) append(fixture, name, `${name}\n`);
    for (const name of tracked) assert.equal(captured(fixture, name), `${name}\n`);
    for (const name of untracked) {
      assert.equal(captured(fixture, name), '', name);
      assert.equal(readFileSync(join(fixture.mirror, name), 'utf8'), `${name}\n`);
    }
  });
}
