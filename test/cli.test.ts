/** The command line as users and mount(8) meet it: through the launcher, with an empty environment. */

import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const packageRoot = new URL('../../', import.meta.url);
const launcher = fileURLToPath(new URL('bin/logagg-fs', packageRoot));
const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string };

let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'logagg-cli-'));
  symlinkSync(launcher, join(directory, 'logagg-fs'));
  symlinkSync('logagg-fs', join(directory, 'mount.logagg-fs'));
  mkdirSync(join(directory, 'mnt'));
});

after(() => rmSync(directory, { recursive: true }));

/** Runs a program of the temporary directory, in it and without any environment. */
function run(program: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync('/usr/bin/env', ['-i', join(directory, program), ...args], { encoding: 'utf8', cwd: directory });
}

function assertRefused(result: SpawnSyncReturns<string>, status: number, words: RegExp): void {
  assert.match(result.stderr, /^logagg-fs: [^\n]+\n$/, 'one line on stderr');
  assert.match(result.stderr, words);
  assert.equal(result.stdout, '');
  assert.equal(result.status, status);
}

describe('logagg-fs', () => {
  test('--version shows the version of package.json', () => {
    for (const flag of ['--version', '-V']) {
      const { stdout, stderr, status } = run('logagg-fs', flag);
      assert.deepEqual({ stdout, stderr, status }, { stdout: `${version}\n`, stderr: '', status: 0 });
    }
  });

  test('--help explains how to mount', () => {
    for (const flag of ['--help', '-h']) {
      const { stdout, stderr, status } = run('logagg-fs', flag);
      assert.match(stdout, /^Usage: logagg-fs \[SOURCE\] MOUNTPOINT -o root=/);
      for (const word of ['loglevel=', 'chunksize=', '/etc/fstab', '--foreground', 'Exit codes']) {
        assert.ok(stdout.includes(word), word);
      }
      assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
    }
  });

  const mistakes: readonly [name: string, args: string[], words: RegExp][] = [
    ['no arguments', [], /mountpoint is missing/],
    ['an empty mountpoint', [''], /mountpoint is missing/],
    ['no root', ['mnt'], /root= is missing/],
    ['three positionals', ['a', 'mnt', 'c', '-o', 'root=r'], /too many arguments/],
    ['an unknown flag', ['mnt', '--forground', '-o', 'root=r'], /--forground.*--foreground/],
    ['-o without a value', ['mnt', '-o'], /argument missing/],
    ['an unknown option', ['-o', 'root=r,bogus=1', 'mnt'], /"bogus"/],
    ['a wrong value', ['-oroot=r', '-ologlevel=x', 'mnt'], /loglevel=/],
  ];
  for (const [name, args, words] of mistakes) {
    test(`${name}: exit code 2 and one line`, () => assertRefused(run('logagg-fs', ...args), 2, words));
  }

  test('a mountpoint that is missing: exit code 3 and one line', () => {
    assertRefused(run('logagg-fs', 'none', '-o', 'root=r'), 3, /mountpoint .*\/none does not exist/);
    assertRefused(run('logagg-fs', '-o', 'root=r', '-f', 'src', 'none'), 3, /mountpoint .*\/none does not exist/);
  });

  test('positionals and options come in any order', () => {
    for (const args of [
      ['src', 'none', '-o', 'root=r', '-o', 'ro'],
      ['-o', 'root=r', 'src', '-f', 'none'],
      ['src', '-snvf', '-oroot=r', 'none'],
      ['-o', 'root=r', '--', 'src', 'none'],
      ['none', '-o', 'rw,user,auto,exec,nonempty,allow_other,root=r/,loglevel=INFO,logfile=r/fuse.log'],
    ]) {
      assertRefused(run('logagg-fs', ...args), 3, /mountpoint .*\/none does not exist/);
    }
  });
});

describe('mount.logagg-fs', () => {
  test('-f is fake: it checks and mounts nothing', () => {
    const { stdout, stderr, status } = run('mount.logagg-fs', 'src', 'mnt', '-fnv', '-o', 'rw,root=r');
    assert.equal(stdout, `logagg-fs: src would be mounted on ${join(directory, 'mnt')}\n`);
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
    assert.equal(existsSync(join(directory, 'r')), false);
    assertRefused(run('mount.logagg-fs', 'src', 'none', '-f', '-o', 'root=r'), 3, /does not exist/);
  });

  test('options may come before the positionals, as util-linux 2.40.3 puts them', () => {
    const { stderr, status } = run('mount.logagg-fs', '-f', '-o', 'root=r', '-t', 'fuse.logagg-fs', 'src', 'mnt');
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  });

  test('-s ignores unknown options', () => {
    assert.equal(run('mount.logagg-fs', 'src', 'mnt', '-sf', '-o', 'root=r,bogus').status, 0);
    assertRefused(run('mount.logagg-fs', 'src', 'mnt', '-f', '-o', 'root=r,bogus'), 2, /"bogus"/);
  });

  test('one positional is not enough', () => {
    assertRefused(run('mount.logagg-fs', 'mnt', '-o', 'root=r'), 2, /missing required argument 'MOUNTPOINT'/);
  });

  test('-N is refused, because it would mount in the wrong namespace', () => {
    assertRefused(run('mount.logagg-fs', 'src', 'mnt', '-N', '/proc/1/ns/mnt', '-o', 'root=r'), 5, /nsenter/);
  });
});

test('the launcher works from PATH, and through a shell as mount.fuse calls it', () => {
  const command = `logagg-fs none -o rw,root=r`;
  const env = { PATH: directory };
  const result = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', cwd: directory, env });
  assertRefused(result, 3, /none does not exist/);
});
