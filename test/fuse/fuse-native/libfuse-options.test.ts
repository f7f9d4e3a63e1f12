import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogaggError } from '../../../src/config/errors.js';
import { defaultKernelFlags } from '../../../src/config/kernel-flags.js';
import { libfuseOptions } from '../../../src/fuse/fuse-native/libfuse-options.js';

const root = { isPrivileged: true, mayAllowOther: true };
const user = { isPrivileged: false, mayAllowOther: false };

/** Options as libfuse splits them: at commas that no backslash precedes. */
function split(text: string): string[] {
  assert.ok(text.startsWith('-o'));
  return text.slice(2).match(/(?:\\.|[^,\\])+/g) ?? [];
}

describe('options for libfuse', () => {
  test('permissions are always the kernel’s', () => {
    for (const mounter of [root, user]) {
      assert.ok(split(libfuseOptions('a', 'logagg-fs', defaultKernelFlags, mounter)).includes('default_permissions'));
    }
  });

  test('the name of the source can’t bring in options', () => {
    const options = split(libfuseOptions('x,allow_other,a\\,suid', 'logagg-fs', defaultKernelFlags, user));
    assert.ok(!options.includes('allow_other') && !options.includes('suid'));
    assert.ok(options.includes('fsname=x\\,allow_other\\,a\\\\\\,suid'));
  });

  test('others are let in where the mounter may let them in', () => {
    const others = (mayAllowOther: boolean): boolean =>
      split(libfuseOptions('a', 's', defaultKernelFlags, { isPrivileged: false, mayAllowOther })).includes(
        'allow_other',
      );
    assert.deepEqual([others(true), others(false)], [true, false]);
  });

  test('devices and set-id programs are as fstab says for root, and left to fusermount for others', () => {
    const flags = { ...defaultKernelFlags, noDev: true, readOnly: true };
    const options = split(libfuseOptions('a', 's', flags, root));
    for (const option of ['nodev', 'suid', 'ro']) assert.ok(options.includes(option), option);
    const restricted = split(libfuseOptions('a', 's', flags, user));
    assert.ok(!restricted.some((option) => /^(no)?(dev|suid)$/.test(option)));
  });

  test('what the addon would cut is refused', () => {
    assert.throws(
      () => libfuseOptions('x'.repeat(1000), 's', defaultKernelFlags, root),
      (error) => error instanceof LogaggError && error.code === 'LOGAGG_OPTION_VALUE' && /fsname=/.test(error.message),
    );
  });
});
