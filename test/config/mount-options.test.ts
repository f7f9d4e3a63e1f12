/** Mount options: every value, every refusal, and the way back to a string. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CacheLimits } from '../../src/config/cache-limits.js';
import { LogaggError } from '../../src/config/errors.js';
import { defaultKernelFlags } from '../../src/config/kernel-flags.js';
import {
  formatMountOptions,
  type KernelFlags,
  type MountOptions,
  parseMountOptions,
} from '../../src/config/mount-options.js';

const seedOptions = 'rw,user,auto,exec,nonempty,allow_other,root=/logcache/,loglevel=INFO,logfile=/logcache/fuse.log';

const defaults: MountOptions = {
  source: 'logagg-fs',
  mountpoint: '/var/log',
  root: '/c',
  logfile: undefined,
  loglevel: 'info',
  engine: 'auto',
  transport: 'auto',
  chunkSize: 500_000,
  sealSeconds: 10,
  limits: { maxCacheBytes: 0, minFree: { amount: 5, unit: '%' }, whenFull: 'drop-oldest' },
  hangSeconds: 30,
  skipWriters: ['logrotate', 'gzip', 'bzip2', 'xz', 'zstd'],
  group: undefined,
  busyPollMicroseconds: 50,
  passthrough: true,
  nativeUntracked: false,
  provenance: true,
  metrics: undefined,
  inPlace: false,
  kernelFlags: defaultKernelFlags,
};

function parse(...optionStrings: string[]): MountOptions {
  return parseMountOptions({ mountpoint: '/var/log', optionStrings, cwd: '/cwd' });
}

function flags(changed: Partial<KernelFlags>): Partial<MountOptions> {
  return { kernelFlags: { ...defaultKernelFlags, ...changed } };
}

function limits(changed: Partial<CacheLimits>): Partial<MountOptions> {
  return { limits: { ...defaults.limits, ...changed } };
}

function refusal(code: string, ...words: string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LogaggError);
    assert.equal(error.code, code);
    assert.equal(error.exitCode, 2);
    for (const word of words) assert.ok(error.message.includes(word), `${word} is missing in: ${error.message}`);
    assert.ok(!error.message.includes('\n'));
    return true;
  };
}

test("the seed's fstab line is read as it stands", () => {
  const options = parseMountOptions({ mountpoint: '/var/log/', optionStrings: [seedOptions], cwd: '/' });
  assert.deepEqual(options, {
    ...defaults,
    root: '/logcache',
    logfile: '/logcache/fuse.log',
    ...flags({ noSuid: true, noDev: true }),
  });
});

const accepted: readonly [name: string, options: string, expected: Partial<MountOptions>][] = [
  ['only root is needed', '', {}],
  ['relative root', 'root=cache', { root: '/cwd/cache' }],
  ['root is normalized', 'root=/a/../b//c/', { root: '/b/c' }],
  ['root of the file system', 'root=/', { root: '/' }],
  ['the last root wins', 'root=/1,root=/2', { root: '/2' }],
  ['root with an equals sign', 'root=/a=b', { root: '/a=b' }],
  ['root with an escaped comma', 'root=/a\\,b', { root: '/a,b' }],
  ['root with an octal space', 'root=/a\\040b', { root: '/a b' }],
  ['root in quotes', 'root="/a,b",ro', { root: '/a,b', ...flags({ readOnly: true }) }],
  ['relative logfile', 'logfile=x/../own.log', { logfile: '/cwd/own.log' }],
  ['fsname names the source', 'fsname=logs', { source: 'logs' }],
  ['engine', 'engine=kernel', { engine: 'kernel' }],
  ['engine fuse-native', 'engine=fuse-native,transport=auto', { engine: 'fuse-native' }],
  ['transport', 'transport=device', { transport: 'device' }],
  ['chunksize in bytes', 'chunksize=1', { chunkSize: 1 }],
  ['chunksize in KiB', 'chunksize=64k', { chunkSize: 65_536 }],
  ['chunksize in MiB', 'chunksize=512M', { chunkSize: 512 * 1024 ** 2 }],
  ['seal', 'seal=86400', { sealSeconds: 86_400 }],
  ['seal with a fraction', 'seal=0.1', { sealSeconds: 0.1 }],
  ['maxcache', 'maxcache=20g', limits({ maxCacheBytes: 20 * 1024 ** 3 })],
  ['no maxcache', 'maxcache=1m,maxcache=0', {}],
  ['minfree in percent', 'minfree=2.5%', limits({ minFree: { amount: 2.5, unit: '%' } })],
  ['minfree in bytes', 'minfree=512M', limits({ minFree: { amount: 512 * 1024 ** 2, unit: 'bytes' } })],
  ['no minfree', 'minfree=0', limits({ minFree: { amount: 0, unit: 'bytes' } })],
  ['full', 'full=fail', limits({ whenFull: 'fail' })],
  ['limits in any order', 'full=drop-new,maxcache=1k', limits({ whenFull: 'drop-new', maxCacheBytes: 1024 })],
  ['skipwriters', 'skipwriters=a:b c:', { skipWriters: ['a', 'b c'] }],
  ['no skipwriters', 'skipwriters=', { skipWriters: [] }],
  ['group with a value is ours', 'group=adm', { group: 'adm' }],
  ['group without a value is that of mount(8)', 'group', flags({ noSuid: true, noDev: true })],
  ['busypoll off', 'busypoll=0', { busyPollMicroseconds: 0 }],
  ['busypoll', 'busypoll=1000', { busyPollMicroseconds: 1000 }],
  ['passthrough off', 'passthrough=off', { passthrough: false }],
  ['passthrough on again', 'passthrough=off,passthrough=on', {}],
  ['provenance off', 'provenance=off', { provenance: false }],
  ['metrics on a port', 'metrics=9105', { metrics: '127.0.0.1:9105' }],
  ['metrics on an address', 'metrics=[::1]:9105', { metrics: '[::1]:9105' }],
  ['metrics on a socket', 'metrics=unix:run/m.sock', { metrics: 'unix:/cwd/run/m.sock' }],
  ['untracked native', 'untracked=native', { nativeUntracked: true }],
  ['rw undoes ro', 'ro,rw', {}],
  ['ro undoes rw', 'rw,ro', flags({ readOnly: true })],
  [
    'every kernel flag',
    'ro,nosuid,nodev,noexec,noatime,nodiratime,sync,dirsync',
    {
      kernelFlags: {
        readOnly: true,
        noSuid: true,
        noDev: true,
        noExec: true,
        noAtime: true,
        noDirAtime: true,
        synchronous: true,
        dirSync: true,
      },
    },
  ],
  ['every kernel flag undone', 'nosuid,nodev,noexec,noatime,nodiratime,sync,suid,dev,exec,atime,diratime,async', {}],
  ['user implies three flags', 'user', flags({ noSuid: true, noDev: true, noExec: true })],
  ['users implies three flags', 'users', flags({ noSuid: true, noDev: true, noExec: true })],
  ['owner leaves execution alone', 'owner', flags({ noSuid: true, noDev: true })],
  ['a later exec undoes user', 'user,exec', flags({ noSuid: true, noDev: true })],
  ['an earlier exec is undone by user', 'exec,user', flags({ noSuid: true, noDev: true, noExec: true })],
  ['user=NAME is a note of mount(8)', 'user=joe', {}],
  ['options of mount(8) are dropped', 'defaults,auto,noauto,nouser,noowner,nogroup,nofail,_netdev,silent,loud', {}],
  ['comments are dropped', 'comment=a=b,comment', {}],
  ['options of systemd are dropped', 'x-systemd.automount,x-gvfs-show,X-mount.mkdir=0755', {}],
  ['access time modes are dropped', 'relatime,norelatime,strictatime,lazytime,nolazytime', {}],
  ['options of libfuse are dropped', 'nonempty,allow_other,default_permissions,subtype=x', {}],
  ['mandatory locking is dropped', 'mand,nomand', {}],
  ['empty items are skipped', ',,ro,', flags({ readOnly: true })],
];

describe('accepted', () => {
  for (const [name, options, expected] of accepted) {
    test(name, () => assert.deepEqual(parse('root=/c', options), { ...defaults, ...expected }));
  }

  test('log levels in any case, under any of their names', () => {
    const names = 'trace DEBUG Info warn WARNING error CRITICAL fatal'.split(' ');
    const levels = names.map((name) => parse(`root=/c,loglevel=${name}`).loglevel);
    assert.deepEqual(levels, ['trace', 'debug', 'info', 'warn', 'warn', 'error', 'fatal', 'fatal']);
  });

  test('several option strings are one list', () => {
    assert.deepEqual(parse('ro,root=/1', 'rw', 'root=/c'), defaults);
  });

  test('source comes from the command line unless fsname= is given', () => {
    const input = { source: 'src', mountpoint: 'm', cwd: '/cwd' };
    assert.equal(parseMountOptions({ ...input, optionStrings: ['root=/c'] }).source, 'src');
    assert.equal(parseMountOptions({ ...input, optionStrings: ['root=/c,fsname=f'] }).source, 'f');
    assert.equal(parseMountOptions({ ...input, optionStrings: ['root=/c'] }).mountpoint, '/cwd/m');
  });

  test('a sloppy mount drops unknown options, but no wrong values', () => {
    const input = { mountpoint: '/var/log', cwd: '/', sloppy: true };
    assert.deepEqual(parseMountOptions({ ...input, optionStrings: ['root=/c,what,ever=1'] }), defaults);
    assert.throws(
      () => parseMountOptions({ ...input, optionStrings: ['root=/c,seal=x'] }),
      refusal('LOGAGG_OPTION_VALUE', 'seal='),
    );
  });
});

const refused: readonly [options: string, code: string, ...words: string[]][] = [
  ['', 'LOGAGG_OPTION_MISSING', 'root='],
  ['ro', 'LOGAGG_OPTION_MISSING', 'root='],
  ['root', 'LOGAGG_OPTION_VALUE', 'root='],
  ['root=', 'LOGAGG_OPTION_VALUE', 'root='],
  ['root=/c,logfile=', 'LOGAGG_OPTION_VALUE', 'logfile='],
  ['root=/c,fsname=', 'LOGAGG_OPTION_VALUE', 'fsname='],
  ['root=/c,group=', 'LOGAGG_OPTION_VALUE', 'group='],
  ['root=/c,loglevel=loud', 'LOGAGG_OPTION_VALUE', 'loglevel=', '"loud"', 'warning'],
  ['root=/c,loglevel=constructor', 'LOGAGG_OPTION_VALUE', 'loglevel='],
  ['root=/c,engine=c', 'LOGAGG_OPTION_VALUE', 'engine=', 'fuse-native'],
  ['root=/c,transport=tcp', 'LOGAGG_OPTION_VALUE', 'transport=', 'uring'],
  ['root=/c,engine=fuse-native,transport=uring', 'LOGAGG_OPTION_VALUE', 'transport=uring', 'fuse-native'],
  ['root=/c,chunksize=0', 'LOGAGG_OPTION_VALUE', 'chunksize='],
  ['root=/c,chunksize=513m', 'LOGAGG_OPTION_VALUE', 'chunksize='],
  ['root=/c,chunksize=1g', 'LOGAGG_OPTION_VALUE', 'chunksize='],
  ['root=/c,chunksize=1.5k', 'LOGAGG_OPTION_VALUE', 'chunksize='],
  ['root=/c,chunksize=-1', 'LOGAGG_OPTION_VALUE', 'chunksize='],
  ['root=/c,chunksize', 'LOGAGG_OPTION_VALUE', 'chunksize='],
  ['root=/c,maxcache=', 'LOGAGG_OPTION_VALUE', 'maxcache='],
  ['root=/c,maxcache=1.5g', 'LOGAGG_OPTION_VALUE', 'maxcache='],
  ['root=/c,maxcache=5%', 'LOGAGG_OPTION_VALUE', 'maxcache='],
  ['root=/c,maxcache=99999999g', 'LOGAGG_OPTION_VALUE', 'maxcache='],
  ['root=/c,minfree=100%', 'LOGAGG_OPTION_VALUE', 'minfree='],
  ['root=/c,minfree=-1', 'LOGAGG_OPTION_VALUE', 'minfree='],
  ['root=/c,minfree=%', 'LOGAGG_OPTION_VALUE', 'minfree='],
  ['root=/c,full=drop', 'LOGAGG_OPTION_VALUE', 'full=', 'drop-oldest'],
  ['root=/c,seal=0', 'LOGAGG_OPTION_VALUE', 'seal='],
  ['root=/c,seal=0.09', 'LOGAGG_OPTION_VALUE', 'seal='],
  ['root=/c,seal=86401', 'LOGAGG_OPTION_VALUE', 'seal='],
  ['root=/c,seal=1e3', 'LOGAGG_OPTION_VALUE', 'seal='],
  ['root=/c,seal=', 'LOGAGG_OPTION_VALUE', 'seal='],
  ['root=/c,busypoll=1001', 'LOGAGG_OPTION_VALUE', 'busypoll=', '1000'],
  ['root=/c,busypoll=1.5', 'LOGAGG_OPTION_VALUE', 'busypoll='],
  ['root=/c,busypoll=', 'LOGAGG_OPTION_VALUE', 'busypoll='],
  ['root=/c,passthrough', 'LOGAGG_OPTION_VALUE', 'passthrough='],
  ['root=/c,passthrough=yes', 'LOGAGG_OPTION_VALUE', 'passthrough='],
  ['root=/c,skipwriters=a:sixteen-letters!', 'LOGAGG_OPTION_VALUE', 'skipwriters=', 'sixteen-letters!'],
  ['root=/c,ro=1', 'LOGAGG_OPTION_VALUE', 'ro takes no value'],
  ['root=/c,nonempty=1', 'LOGAGG_OPTION_VALUE', 'nonempty takes no value'],
  ['root=/c,bogus', 'LOGAGG_OPTION_UNKNOWN', '"bogus"'],
  ['root=/c,bogus=1', 'LOGAGG_OPTION_UNKNOWN', '"bogus"'],
  ['rooot=/c', 'LOGAGG_OPTION_UNKNOWN', '"rooot"', 'did you mean root='],
  ['root=/c,ROOT=/d', 'LOGAGG_OPTION_UNKNOWN', '"ROOT"', 'did you mean root='],
  ['root=/c,noexce', 'LOGAGG_OPTION_UNKNOWN', '"noexce"', 'did you mean noexec?'],
  ['root=/c,toString', 'LOGAGG_OPTION_UNKNOWN', '"toString"'],
  ['root=/c,x-', 'LOGAGG_OPTION_UNKNOWN', '"x-"'],
  ['root=/c,=v', 'LOGAGG_OPTION_UNKNOWN', '""'],
  ['root=/c,remount,ro', 'LOGAGG_USAGE', 'remount'],
  ['root="/c', 'LOGAGG_OPTION_VALUE', 'quote'],
  ['root=/c\\000', 'LOGAGG_OPTION_VALUE', 'NUL'],
];

describe('refused', () => {
  for (const [options, code, ...words] of refused) {
    test(options === '' ? 'nothing at all' : options, () =>
      assert.throws(() => parse(options), refusal(code, ...words)),
    );
  }
});

describe('back to a string', () => {
  test('the canonical string tells every value', () => {
    assert.equal(
      formatMountOptions({ ...defaults, group: 'adm', root: '/a b,c', ...flags({ readOnly: true }) }),
      'ro,fsname=logagg-fs,root=/a\\040b\\054c,loglevel=info,engine=auto,transport=auto,chunksize=500000,seal=10,' +
        'maxcache=0,minfree=5%,full=drop-oldest,hang=30,' +
        'skipwriters=logrotate:gzip:bzip2:xz:zstd,group=adm,busypoll=50,passthrough=on,untracked=served,' +
        'provenance=on,inplace=off',
    );
  });

  test('whatever the options are, they come back equal', () => {
    const random = seededRandom(20_240_229);
    for (let round = 0; round < 2000; round++) {
      const options = randomOptions(random);
      const text = formatMountOptions(options);
      assert.deepEqual(parseMountOptions({ mountpoint: '/var/log', optionStrings: [text], cwd: '/x' }), options, text);
    }
  });
});

/** Mulberry32: the same numbers in every run. Results in [0, 1). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomOptions(random: () => number): MountOptions {
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[Math.floor(random() * items.length)] ?? items[0];
  const coin = (): boolean => random() < 0.5;
  const word = (length: number): string => {
    const letters = [...'ab0 ,"\\=\t\n\'#é日😀-._$'] as [string, ...string[]];
    return Array.from({ length: 1 + Math.floor(random() * length) }, () => pick(letters)).join('');
  };
  const engine = pick(['auto', 'kernel', 'fuse-native'] as const);
  return {
    source: word(8),
    mountpoint: '/var/log',
    root: `/x${word(12)}`,
    logfile: coin() ? undefined : `/y/x${word(12)}`,
    loglevel: pick(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    engine,
    transport: engine === 'fuse-native' ? 'auto' : pick(['auto', 'uring', 'device']),
    chunkSize: 1 + Math.floor(random() * 512 * 1024 ** 2),
    hangSeconds: pick([0, 2, 30, 3600]),
    sealSeconds: pick([0.1, 1, 10, 2.5, 86_400, 1 + random()]),
    limits: {
      maxCacheBytes: pick([0, 1, 2 ** 40, Math.floor(random() * 2 ** 32)]),
      minFree: pick([
        { amount: 0, unit: 'bytes' },
        { amount: 0, unit: '%' },
        { amount: 2.5, unit: '%' },
        { amount: 2 ** 33, unit: 'bytes' },
      ]),
      whenFull: pick(['drop-oldest', 'drop-new', 'fail']),
    },
    skipWriters: Array.from({ length: Math.floor(random() * 4) }, () => word(3)),
    group: coin() ? undefined : word(6),
    busyPollMicroseconds: Math.floor(random() * 1001),
    passthrough: coin(),
    nativeUntracked: coin(),
    provenance: coin(),
    metrics: coin() ? undefined : '127.0.0.1:9105',
    inPlace: coin(),
    kernelFlags: {
      readOnly: coin(),
      noSuid: coin(),
      noDev: coin(),
      noExec: coin(),
      noAtime: coin(),
      noDirAtime: coin(),
      synchronous: coin(),
      dirSync: coin(),
    },
  };
}
