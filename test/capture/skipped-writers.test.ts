import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCompressedName, SkippedWriters } from '../../src/capture/skipped-writers.js';

describe('names of compressed files', () => {
  const suffixes = 'gz bz2 xz zst zstd lz4 lzma lz lzo Z zip 7z br tgz tbz2 txz tzst GZ'.split(' ');
  for (const suffix of suffixes) {
    it(`.${suffix} is one`, () => {
      for (const stem of ['syslog.1', 'app-20240101', '/var/log/a.log']) {
        assert.equal(isCompressedName(`${stem}.${suffix}`), true);
      }
    });
  }
  const others = [
    'syslog',
    'syslog.1',
    'a.log',
    'gz',
    '.gz',
    '/var/log/.gz',
    'a.gz/b',
    'a.gzip.log',
    'a.gz.log',
    'a-gz',
    '',
  ];
  for (const name of others) it(`"${name}" is none`, () => assert.equal(isCompressedName(name), false));
});

describe('commands whose writes are skipped', () => {
  const writers = new SkippedWriters(['logrotate', 'gzip', 'a-very-long-command', 'ééééééééé', '']);
  const cases: [comm: string, skipped: boolean][] = [
    ['logrotate', true],
    ['gzip', true],
    ['gzip\n', true],
    ['gzip2', false],
    ['GZIP', false],
    ['rsyslogd', false],
    ['', false],
    ['a-very-long-com', true],
    ['a-very-long-co', false],
    ['a-very-long-command', true],
    [Buffer.from('ééééééééé').subarray(0, 15).toString(), true],
  ];
  for (const [comm, skipped] of cases) {
    it(`"${comm.trim()}" ${skipped ? 'is' : 'is not'}`, () => assert.equal(writers.skips(comm), skipped));
  }
});
