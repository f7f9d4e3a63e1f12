import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { whyNoUring } from '../../../src/fuse/uring/uring-support.js';

describe("the kernel's offer of FUSE over io_uring", () => {
  let folder: string;
  let parameter: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
    parameter = join(folder, 'enable_uring');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('is missing where the kernel has no such parameter', () => {
    assert.match(whyNoUring(join(folder, 'missing')) ?? '', /Linux 6\.14/);
  });

  test('is there when the parameter is on', () => {
    writeFileSync(parameter, 'Y\n');
    assert.equal(whyNoUring(parameter), undefined);
  });

  test('can be switched on, now and for the next boot, when the parameter is off', () => {
    writeFileSync(parameter, 'N\n');
    const reason = whyNoUring(parameter) ?? '';
    assert.match(reason, /echo Y > \/sys\/module\/fuse\/parameters\/enable_uring/);
    assert.match(reason, /options fuse enable_uring=1.*\/etc\/modprobe\.d\//);
    assert.doesNotMatch(reason, /\n/);
  });
});
