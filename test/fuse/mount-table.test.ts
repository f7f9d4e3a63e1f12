/** The kernel's mount table. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountsAt, parseMountTable, stackOf } from '../../src/fuse/mount-table.js';

const table = `22 27 0:21 / /proc rw,nosuid shared:12 master:1 - proc proc rw
30 27 8:1 / /a\\040b\\134c rw,relatime - ext4 /dev/sda1 rw
44 41 0:50 / /var/log ro,nosuid - fuse.logagg-fs my\\040logs rw,user_id=0,allow_other
41 27 0:49 / /var/log rw - tmpfs none rw

nonsense
`;

test('every field is found, whatever the number of optional ones', () => {
  assert.deepEqual(parseMountTable(table)[0], {
    id: 22,
    parentId: 27,
    deviceMinor: 21,
    mountpoint: '/proc',
    fsType: 'proc',
    source: 'proc',
    mountOptions: 'rw,nosuid',
    superOptions: 'rw',
  });
});

test('octal escapes are decoded and lines that are no mounts left out', () => {
  const entries = parseMountTable(table);
  assert.equal(entries.length, 4);
  assert.deepEqual(
    entries.map(({ mountpoint, source }) => [mountpoint, source]),
    [
      ['/proc', 'proc'],
      ['/a b\\c', '/dev/sda1'],
      ['/var/log', 'my logs'],
      ['/var/log', 'none'],
    ],
  );
});

test('the visible mount of a stack is the last, in whatever order the kernel lists them', () => {
  const entries = parseMountTable(table);
  assert.deepEqual(
    stackOf(entries, '/var/log').map(({ id }) => id),
    [41, 44],
  );
  assert.deepEqual(
    stackOf([...entries].reverse(), '/var/log').map(({ id }) => id),
    [41, 44],
  );
  assert.deepEqual(stackOf(entries, '/var'), []);
});

test('the table of this process shows /proc', () => {
  assert.equal(mountsAt('/proc').at(-1)?.fsType, 'proc');
  assert.deepEqual(mountsAt('/proc/self'), []);
});
