import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogaggError } from '../../../src/config/errors.js';
import { loadFuseNative } from '../../../src/fuse/fuse-native/package-loader.js';

test('a missing package is named together with how to install it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logagg-fs-test-'));
  try {
    assert.throws(
      () => loadFuseNative(join(folder, 'module.js')),
      (error) =>
        error instanceof LogaggError &&
        error.code === 'LOGAGG_UNSUPPORTED' &&
        !error.message.includes('\n') &&
        error.message.includes('npm install fuse-native'),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
