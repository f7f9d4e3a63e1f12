import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMountOptions } from '../../src/config/mount-options.js';
import { parseFstab } from '../../src/setup/fstab-file.js';
import { fstabLine, type HostFacts, planSetup, type SetupRequest } from '../../src/setup/setup-plan.js';

const request: SetupRequest = {
  mountpoint: '/var/log',
  root: '/logcache',
  patterns: ['/var/log/syslog'],
  copy: false,
  ioUring: false,
};

const fresh: HostFacts = {
  entries: 3,
  isMounted: false,
  fstab: [],
  cacheExists: false,
  mirrorEntries: 0,
  patterns: [],
  missingLinks: ['/sbin/mount.logagg-fs'],
  ioUringOn: false,
};

const done: HostFacts = {
  ...fresh,
  isMounted: true,
  fstab: parseFstab(fstabLine(request)),
  cacheExists: true,
  patterns: request.patterns,
  missingLinks: [],
};

const kinds = (asked: SetupRequest, facts: HostFacts): string[] => planSetup(asked, facts).map(({ kind }) => kind);

test('a fresh host gets everything, the mount last', () => {
  assert.deepEqual(kinds(request, fresh), ['cache', 'patterns', 'link', 'fstab', 'mount']);
  assert.deepEqual(kinds({ ...request, copy: true, ioUring: true }, fresh), [
    'cache',
    'patterns',
    'link',
    'io-uring',
    'copy',
    'fstab',
    'mount',
  ]);
});

test('what is done already is left out', () => {
  assert.deepEqual(kinds(request, done), []);
  assert.deepEqual(kinds({ ...request, patterns: ['/var/log/syslog', '/var/log/b'] }, done), ['patterns']);
  assert.deepEqual(kinds(request, { ...done, isMounted: false }), ['mount']);
});

test('the line is one that the mount accepts, with spaces too', () => {
  const [entry] = parseFstab(fstabLine({ ...request, mountpoint: '/my log', root: '/log cache' }));
  assert.equal(entry?.mountpoint, '/my log');
  const options = parseMountOptions({ mountpoint: '/my log', optionStrings: [entry?.options ?? ''], cwd: '/' });
  assert.equal(options.root, '/log cache');
  assert.equal(options.inPlace, true);
});

for (const [what, asked, facts, pattern] of [
  ['another file system', request, { ...fresh, fstab: parseFstab('/dev/sda1 /var/log/ ext4') }, /mounts \/dev\/sda1/],
  ['another log cache', { ...request, root: '/other' }, done, /another root=/],
  ['the other way to keep the files', { ...request, copy: true }, done, /--undo first/],
  ['a mirror that holds files', { ...request, copy: true }, { ...fresh, mirrorEntries: 1 }, /empty/],
  ['no io_uring', { ...request, ioUring: true }, { ...fresh, ioUringOn: undefined }, /Linux 6\.14/],
  ['a root that fstab can not hold', { ...request, root: '/a,b' }, fresh, /comma/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => planSetup(asked, facts), pattern);
  });
}
