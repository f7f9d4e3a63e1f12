/** What is refused before anything is mounted, and what is made. Needs no mount; dead ones are integration tests. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { LogaggError } from '../../src/config/errors.js';
import { type MountOptions, parseMountOptions } from '../../src/config/mount-options.js';
import { inspect, preflight } from '../../src/daemon/preflight.js';

let directory: string;

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'logagg-preflight-')));
  mkdirSync(join(directory, 'mnt'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Paths are relative to the temporary directory. */
function options(mountpoint: string, optionString: string): MountOptions {
  return parseMountOptions({ mountpoint, optionStrings: [optionString], cwd: directory });
}

function assertRefused(given: MountOptions, code: string, words: RegExp): void {
  const before = readdirSync(directory, { recursive: true });
  assert.throws(
    () => preflight(given),
    (error: unknown) => {
      assert.ok(error instanceof LogaggError);
      assert.equal(error.code, code);
      assert.match(error.message, words);
      return true;
    },
  );
  assert.deepEqual(readdirSync(directory, { recursive: true }), before, 'nothing may be made');
}

function modeOf(path: string): string {
  return (statSync(join(directory, path)).mode & 0o7777).toString(8);
}

describe('refused', () => {
  test('a mountpoint that is missing', () => {
    assertRefused(options('none', 'root=c'), 'LOGAGG_MOUNTPOINT', /none does not exist/);
    assertRefused(options('none/below', 'root=c'), 'LOGAGG_MOUNTPOINT', /below does not exist/);
  });

  test('a mountpoint that is no directory', () => {
    writeFileSync(join(directory, 'file'), '');
    assertRefused(options('file', 'root=c'), 'LOGAGG_MOUNTPOINT', /file is not a directory/);
    assertRefused(options('file/below', 'root=c'), 'LOGAGG_MOUNTPOINT', /not a directory/);
  });

  test('a mountpoint that is a loop of symlinks', () => {
    symlinkSync('loop', join(directory, 'loop'));
    assertRefused(options('loop', 'root=c'), 'LOGAGG_MOUNTPOINT', /loop of symlinks/);
  });

  test('root inside the mountpoint, existing or not', () => {
    assertRefused(options('mnt', 'root=mnt/c/d'), 'LOGAGG_ROOT', /root=.*mnt\/c\/d lies inside the mountpoint/);
    mkdirSync(join(directory, 'mnt/c'));
    assertRefused(options('mnt', 'root=mnt/c'), 'LOGAGG_ROOT', /lies inside the mountpoint/);
    assertRefused(options('mnt', 'root=mnt'), 'LOGAGG_ROOT', /lies inside the mountpoint/);
  });

  test('root inside the mountpoint by a symlink', () => {
    symlinkSync('mnt', join(directory, 'link'));
    assertRefused(options('mnt', 'root=link/new'), 'LOGAGG_ROOT', /lies inside the mountpoint/);
    assertRefused(options('link', 'root=mnt/new'), 'LOGAGG_ROOT', /lies inside the mountpoint/);
  });

  test('the mountpoint inside root, also by a symlink', () => {
    mkdirSync(join(directory, 'c/mirror/log'), { recursive: true });
    symlinkSync('c/mirror/log', join(directory, 'link'));
    assertRefused(options('c/mirror/log', 'root=c'), 'LOGAGG_ROOT', /the mountpoint .* lies inside root=/);
    assertRefused(options('link', 'root=c'), 'LOGAGG_ROOT', /lies inside root=/);
    assertRefused(options('mnt', 'root=/'), 'LOGAGG_ROOT', /lies inside root=\//);
  });

  test('a mirror that is a symlink into the mountpoint', () => {
    mkdirSync(join(directory, 'c'));
    symlinkSync('../mnt', join(directory, 'c/mirror'));
    assertRefused(options('mnt', 'root=c'), 'LOGAGG_ROOT', /mirror .* lies inside the mountpoint/);
  });

  test('root that is no directory', () => {
    writeFileSync(join(directory, 'c'), '');
    assertRefused(options('mnt', 'root=c'), 'LOGAGG_ROOT', /not a directory/);
    assertRefused(options('mnt', 'root=c/d'), 'LOGAGG_ROOT', /not a directory/);
  });

  test('a socket for metrics inside the mountpoint, also by a symlink', () => {
    symlinkSync('mnt', join(directory, 'link'));
    for (const path of ['mnt/m.sock', 'link/m.sock']) {
      assertRefused(options('mnt', `root=c,metrics=unix:${path}`), 'LOGAGG_OPTION_VALUE', /lies inside the mountpoint/);
    }
  });

  test('a logfile inside the mountpoint, also by a symlink', () => {
    symlinkSync('mnt', join(directory, 'link'));
    assertRefused(options('mnt', 'root=c,logfile=mnt/own.log'), 'LOGAGG_LOGFILE', /lies inside the mountpoint/);
    assertRefused(options('mnt', 'root=c,logfile=link/x/own.log'), 'LOGAGG_LOGFILE', /lies inside the mountpoint/);
  });

  test('a logfile among the chunks or in the mirror', () => {
    for (const place of ['logs/own.log', 'mirror/own.log', 'meta/own.log', 'trackfiles.txt']) {
      assertRefused(options('mnt', `root=c,logfile=c/${place}`), 'LOGAGG_LOGFILE', /belongs to the log cache/);
    }
  });

  test('a logfile that is a directory', () => {
    mkdirSync(join(directory, 'own.log'));
    assertRefused(options('mnt', 'root=c,logfile=own.log'), 'LOGAGG_LOGFILE', /is a directory/);
  });

  test('a group that does not exist', () => {
    assertRefused(options('mnt', 'root=c,group=no-such-group'), 'LOGAGG_OPTION_VALUE', /"no-such-group"/);
  });

  test('names that only begin alike are not inside each other', () => {
    preflight(options('mnt', 'root=mnt-cache,logfile=mnt.log'));
    assert.ok(existsSync(join(directory, 'mnt-cache/logs')));
  });
});

describe('made', () => {
  test('a log cache for root alone', () => {
    chmodSync(join(directory, 'mnt'), 0o2775);
    preflight(options('mnt', 'root=deep/cache'));
    const modes = ['', '/mirror', '/logs', '/meta', '/trackfiles.txt'].map((path) => modeOf(`deep/cache${path}`));
    assert.deepEqual(modes, ['700', '2775', '700', '700', '600']);
  });

  test('a log cache that a group may read', { skip: process.geteuid?.() !== 0 && 'only root gives files away' }, () => {
    preflight(options('mnt', 'root=c,group=4321'));
    for (const [path, mode] of [
      ['c', '750'],
      ['c/logs', '750'],
      ['c/meta', '750'],
      ['c/trackfiles.txt', '640'],
    ] as const) {
      assert.equal(modeOf(path), mode, path);
      assert.equal(statSync(join(directory, path)).gid, 4321, path);
    }
    assert.equal(statSync(join(directory, 'c/mirror')).gid, statSync(join(directory, 'mnt')).gid);
  });

  test('a umask changes nothing', () => {
    const umask = process.umask(0o777);
    try {
      preflight(options('mnt', 'root=c'));
    } finally {
      process.umask(umask);
    }
    assert.deepEqual([modeOf('c'), modeOf('c/mirror'), modeOf('c/trackfiles.txt')], ['700', '755', '600']);
  });

  test('a trackfiles.txt that explains itself and captures nothing', () => {
    preflight(options('mnt', 'root=c'));
    const lines = readFileSync(join(directory, 'c/trackfiles.txt'), 'utf8').trimEnd().split('\n');
    assert.ok(lines.length > 5);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('#')),
      [],
    );
  });

  test('nothing that exists is touched', () => {
    mkdirSync(join(directory, 'c/mirror'), { recursive: true });
    mkdirSync(join(directory, 'c/logs'));
    writeFileSync(join(directory, 'c/trackfiles.txt'), '/var/log/x\n');
    for (const path of ['c', 'c/mirror', 'c/logs', 'c/trackfiles.txt']) chmodSync(join(directory, path), 0o711);
    preflight(options('mnt', 'root=c'));
    preflight(options('mnt', 'root=c'));
    for (const path of ['c', 'c/mirror', 'c/logs', 'c/trackfiles.txt']) assert.equal(modeOf(path), '711', path);
    assert.equal(readFileSync(join(directory, 'c/trackfiles.txt'), 'utf8'), '/var/log/x\n');
  });

  test('nothing by a mere inspection', () => {
    const found = inspect(options('mnt/', 'root=c,group=0'));
    assert.deepEqual(found, { mountpoint: join(directory, 'mnt'), state: 'free', gid: 0 });
    assert.deepEqual(readdirSync(directory), ['mnt']);
  });
});
