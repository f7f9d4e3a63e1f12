import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { MAX_HANDLES } from '../../src/capture/stream-slots.js';
import { Errno } from '../../src/libc/errno.js';
import { MemoryRegion } from '../../src/libc/memory.js';
import { HandleFlag, OpenDescriptors } from '../../src/mirror/open-descriptors.js';

describe('descriptors of open files', () => {
  let descriptors: OpenDescriptors;
  beforeEach(() => {
    descriptors = new OpenDescriptors();
  });

  test('give -EBADF for a handle that is not open, or can not be one', () => {
    for (const handle of [0, 7, MAX_HANDLES - 1, MAX_HANDLES, 2 ** 32, 2 ** 64]) {
      assert.equal(descriptors.fd(handle), -Errno.EBADF, `${handle}`);
    }
  });

  test('give the descriptor and the flags of an open handle, descriptor 0 too', () => {
    descriptors.set(0, 12, HandleFlag.append);
    descriptors.set(1, 0, 0);
    descriptors.set(MAX_HANDLES - 1, 13, HandleFlag.directory);
    const of = (handle: number): number[] => [descriptors.fd(handle), descriptors.flags(handle)];
    assert.deepEqual([0, 1, MAX_HANDLES - 1].map(of), [
      [12, HandleFlag.append],
      [0, 0],
      [13, HandleFlag.directory],
    ]);
  });

  test('forget a handle that is closed, and its flags when it is opened again', () => {
    descriptors.set(4, 12, HandleFlag.append);
    descriptors.clear(4);
    assert.equal(descriptors.fd(4), -Errno.EBADF);
    descriptors.set(4, 15, 0);
    assert.deepEqual([descriptors.fd(4), descriptors.flags(4)], [15, 0]);
  });

  test('are the same for every thread', () => {
    const others = new OpenDescriptors(MemoryRegion.at(descriptors.region.place));
    descriptors.set(4, 12, HandleFlag.append);
    assert.deepEqual([others.fd(4), others.flags(4)], [12, HandleFlag.append]);
  });
});
