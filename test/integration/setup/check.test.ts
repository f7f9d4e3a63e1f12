/** `logagg-fs check`, with real fstab files, track lists and mounts. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, type Outcome, run } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { launcher } from '../../harness/project.js';

const limit = { timeout: 60_000 };

function prepare(t: TestContext, patterns: readonly string[], options = 'nofail,x-systemd.before=local-fs.target') {
  const fixture = MountFixture.prepare(t, { patterns, options: ['inplace'] });
  const fstab = join(fixture.folder, 'fstab');
  writeFileSync(fstab, `logagg-fs ${fixture.mountpoint} logagg-fs root=${fixture.root},inplace,${options} 0 0\n`);
  for (const name of ['app.log', 'app.log.1', 'app.log.2.gz', 'db.log']) writeFileSync(fixture.path(name), 'x\n');
  const check = (...args: string[]): Promise<Outcome> => run(launcher, ['check', '--fstab', fstab, ...args]);
  return { fixture, fstab, check };
}

test(
  'patterns are shown with the files that they match, and with warnings for rotated and compressed ones',
  limit,
  async (t) => {
    const { fixture, check } = prepare(t, ['app.log*', 'missing.log', '/elsewhere/*.log', '!db*']);
    const { stdout } = await check(fixture.mountpoint);
    const { mountpoint, trackfiles } = fixture;
    assert.match(
      stdout,
      new RegExp(`${trackfiles}:1: .* matches 3 files: ${mountpoint}/app.log ${mountpoint}/app.log.1`),
    );
    assert.match(stdout, /warning .*compressed files, .*: 1 file: \S*app\.log\.2\.gz/);
    assert.match(stdout, /warning .*rotated files, .*: 1 file: \S*app\.log\.1\n/);
    assert.match(stdout, /:2: .* matches no file that exists/);
    assert.match(stdout, /warning .*:3: .*can never match: it does not lie below/);
    assert.match(stdout, /:4: !.* matches 1 file: \S*db\.log/);
    assert.match(stdout, /3 of 4 files are captured/);
  },
);

test('a wrong option, a bad pattern and a wrong place have exit codes of their own', limit, async (t) => {
  const wrongOption = prepare(t, ['*.log'], 'chunksiez=1');
  const option = await wrongOption.check();
  assert.equal(option.code, 2, option.stdout);
  assert.match(option.stdout, /ERROR .*fstab:1: unknown option "chunksiez"/);
  const badPattern = prepare(t, ['/a/(']);
  badPattern.fixture.writeTrackfiles('!\n');
  const pattern = await badPattern.check();
  assert.match(pattern.stdout, /ERROR .*trackfiles.txt:1: no pattern behind "!"/);
  const wrongPlace = prepare(t, ['*.log']);
  writeFileSync(wrongPlace.fstab, `logagg-fs ${wrongPlace.fixture.path('none')} logagg-fs root=/x/y,nofail 0 0\n`);
  const place = await wrongPlace.check();
  assert.match(place.stdout, /ERROR .*does not exist/);
  assert.match(place.stdout, /warning .*add x-systemd\.before=local-fs\.target/);
});

test('a program that opened a captured file before the mount is named', limit, async (t) => {
  const { fixture, check } = prepare(t, ['*.log']);
  const { spawn } = await import('node:child_process');
  const script = 'exec 3>>"$1"; echo open; exec sleep 60';
  const writer = spawn('sh', ['-c', script, 'sh', fixture.path('app.log')], { stdio: ['ignore', 'pipe', 'ignore'] });
  fixture.after(async () => void writer.kill());
  await new Promise((resolve) => writer.stdout.once('data', resolve));
  await fixture.remount();
  const { stdout, code } = await check(fixture.root);
  assert.match(stdout, new RegExp(`warning .*opened before the mount, so not captured: ${fixture.path('app.log')}; `));
  assert.match(stdout, /: mounted\n/);
  assert.equal(code === 0 || code === 5, true, 'only the missing helper may be wrong');
  writer.kill();
  await eventually(async () => !(await check(fixture.root)).stdout.includes('before the mount'), { within: 10_000 });
});

test('the configuration of the collector is checked by the collector’s own code', limit, async (t) => {
  const { fixture, check } = prepare(t, ['*.log']);
  const config = join(fixture.folder, 'collector.yaml');
  writeFileSync(config, 'destinations:\n  a: {url: "file:///tmp/x"}\nroutes:\n  - {to: [b]}\n');
  const wrong = await check('--config', config);
  assert.equal(wrong.code, 2, wrong.stdout);
  assert.match(wrong.stdout, /ERROR .*collector\.yaml:4: .*b/);
  writeFileSync(config, `destinations:\n  a: {url: "file://${fixture.folder}/x"}\nroutes:\n  - {to: [a]}\n`);
  const right = await check('--config', config);
  assert.equal(right.code, 0, right.stdout);
  assert.match(right.stdout, /destinations: a; 1 route/);
});

test('an fstab without our line, and a place that is nothing, are told', limit, async (t) => {
  const { fixture, fstab, check } = prepare(t, ['*.log']);
  writeFileSync(fstab, '# empty\n');
  const empty = await check();
  assert.equal(empty.code, 0);
  assert.match(empty.stdout, /has no line for logagg-fs/);
  mkdirSync(join(fixture.folder, 'nothing'));
  const nothing = await check(join(fixture.folder, 'nothing'));
  assert.equal(nothing.code, 3);
  assert.match(nothing.stdout, /neither a mountpoint in fstab nor a log cache/);
});
