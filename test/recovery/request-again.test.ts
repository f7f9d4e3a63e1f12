/** What the kernel is told after a server died. A file stands for the device. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Opcode } from '../../src/fuse/opcode.js';
import { Errno } from '../../src/libc/errno.js';
import { Intents } from '../../src/recovery/intents.js';
import { requestAgain } from '../../src/recovery/request-again.js';

/** The messages, each as its three fields: length, error, unique. */
function told(t: TestContext, canResend: boolean, intents: Intents): (number | bigint)[][] {
  const folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const fd = openSync(join(folder, 'device'), 'w');
  requestAgain(fd, canResend, intents);
  closeSync(fd);
  const bytes = readFileSync(join(folder, 'device'));
  return Array.from({ length: bytes.length / 16 }, (_, at) => {
    const start = at * 16;
    return [bytes.readUInt32LE(start), bytes.readInt32LE(start + 4), bytes.readBigUInt64LE(start + 8)];
  });
}

function interrupted(): Intents {
  const intents = new Intents();
  intents.begin(6, 1, Opcode.FSYNC);
  intents.handOver(undefined);
  intents.begin(8, 1, Opcode.UNLINK);
  return intents;
}

test('a kernel that can resend is asked to', (t) => {
  assert.deepEqual(told(t, true, interrupted()), [[16, 7, 0n]]);
});

test('on one that can not, requests that are known get EIO once', (t) => {
  assert.deepEqual(told(t, false, interrupted()), [
    [16, -Errno.EIO, (1n << 32n) | 8n],
    [16, -Errno.EIO, (1n << 32n) | 6n],
  ]);
});
