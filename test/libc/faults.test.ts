import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastErrno } from '../../src/libc/calls.js';
import { Errno } from '../../src/libc/errno.js';
import { FaultInjector, faulty, parseFaults } from '../../src/libc/faults.js';

const call = (...args: number[]): number => args[2] ?? 0;

test('without LOGAGG_FAULTS a call is itself', () => {
  assert.equal(faulty('write', call), call);
});

test('a call fails as often as it is said to, with the errno, and is not made', () => {
  let made = 0;
  const draws = [0.5, 0.05, 0.2];
  const injector = new FaultInjector(parseFaults('write:ENOSPC:0.1,open:EIO:1'), () => draws.shift() ?? 1);
  const write = injector.wrap('write', (...args: number[]) => {
    made++;
    return args[2] ?? 0;
  });
  assert.deepEqual([write(1, 2, 3), write(1, 2, 3)], [3, -1]);
  assert.equal(lastErrno(), Errno.ENOSPC);
  assert.equal(write(1, 2, 3), 3);
  assert.equal(made, 2);
});

test('a short write takes at least one byte, and not all of them', () => {
  const injector = new FaultInjector(parseFaults('write:short:1'));
  const write = injector.wrap('write', call);
  const lengths = new Set(Array.from({ length: 200 }, () => write(1, 2, 4)));
  assert.deepEqual([...lengths].sort(), [1, 2, 3]);
  assert.equal(write(1, 2, 1), 1);
});

test('a star means every call, but only a write can be short', async () => {
  const injector = new FaultInjector(parseFaults('*:short:1'));
  assert.equal(injector.wrap('open', call), call);
  const all = new FaultInjector(parseFaults('*:EIO:1'));
  assert.equal(all.wrap('dup', call)(1), -1);
  const result = await new Promise((resolve) => {
    all.wrapSlow('fsync', () => resolve('made'))(1, resolve);
  });
  assert.equal(result, -Errno.EIO);
});

test('what can not be read is named', () => {
  for (const text of ['write', 'write:EWHAT:0.1', 'write:EIO:often', ':EIO:1']) {
    assert.throws(() => parseFaults(text), new RegExp(`LOGAGG_FAULTS: ${text}`));
  }
  assert.deepEqual(parseFaults(''), []);
});
