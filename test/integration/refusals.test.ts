/** What is refused before anything is mounted: one clear line, a documented exit code, nothing left behind. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Outcome, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { launcher } from '../harness/project.js';

const limit = { timeout: 60_000 };

interface Refusal {
  readonly what: string;
  readonly code: number;
  readonly says: RegExp;
  /** Arguments of the mount command. */
  readonly args: (fixture: MountFixture) => string[];
}

const refusals: Refusal[] = [
  { what: 'no root=', code: 2, says: /root=/, args: ({ mountpoint }) => [mountpoint] },
  {
    what: 'root inside the mountpoint',
    code: 3,
    says: /inside/,
    args: ({ mountpoint }) => [mountpoint, '-o', `root=${mountpoint}/cache`],
  },
  {
    what: 'the mountpoint inside root',
    code: 3,
    says: /inside/,
    args: ({ mountpoint, folder }) => [mountpoint, '-o', `root=${folder}`],
  },
  {
    what: 'a mountpoint that is missing',
    code: 3,
    says: /missing/,
    args: ({ folder, root }) => [join(folder, 'missing'), '-o', `root=${root}`],
  },
  {
    what: 'a mountpoint that is not a directory',
    code: 3,
    says: /not a directory/,
    args: ({ folder, root }) => {
      writeFileSync(join(folder, 'file'), '');
      return [join(folder, 'file'), '-o', `root=${root}`];
    },
  },
  {
    what: 'a logfile inside the mountpoint',
    code: 3,
    says: /logfile/,
    args: ({ mountpoint, root }) => [mountpoint, '-o', `root=${root},logfile=${mountpoint}/own.log`],
  },
  {
    what: 'an unknown option',
    code: 2,
    says: /colour/,
    args: ({ mountpoint, root }) => [mountpoint, '-o', `root=${root},colour=blue`],
  },
  {
    what: 'a value that makes no sense',
    code: 2,
    says: /seal=.*soon/,
    args: ({ mountpoint, root }) => [mountpoint, '-o', `root=${root},seal=soon`],
  },
];

function assertOneLine(outcome: Outcome, says: RegExp): void {
  assert.match(outcome.stderr, says);
  assert.match(outcome.stderr, /^logagg-fs: [^\n]+\n$/, 'exactly one line');
  assert.equal(outcome.stdout, '');
}

for (const { what, code, says, args } of refusals) {
  test(`refused: ${what}`, limit, async (t) => {
    const fixture = MountFixture.prepare(t);
    const before = readdirSync(fixture.mountpoint);
    const outcome = await run(launcher, args(fixture));
    assert.equal(outcome.code, code, outcome.stderr);
    assertOneLine(outcome, says);
    assert.equal(fixture.isMounted(), false);
    assert.deepEqual(readdirSync(fixture.mountpoint), before);
  });
}

test('refused: a mountpoint that logagg-fs serves already', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  const outcome = await run(launcher, fixture.mountArguments());
  assert.equal(outcome.code, 4);
  assertOneLine(outcome, /already/);
  assert.equal(fixture.serverPids().length, 1);
});

test('refused: a root that another mount uses', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  const other = join(fixture.folder, 'other');
  mkdirSync(other);
  const outcome = await run(launcher, [other, '-o', `root=${fixture.root}`]);
  assert.equal(outcome.code, 3);
  assertOneLine(outcome, /in use/);
});

test('refused: another user than root, with a line that says so', limit, async (t) => {
  const fixture = MountFixture.prepare(t);
  const outcome = await run(launcher, fixture.mountArguments(), { uid: 65_534 });
  assert.notEqual(outcome.code, 0);
  assert.match(outcome.stderr, /^logagg-fs: [^\n]+\n$/);
  assert.equal(fixture.isMounted(), false);
});
