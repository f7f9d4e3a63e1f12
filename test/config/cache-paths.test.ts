/** The names in the log cache are a contract with collectors. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachePaths } from '../../src/config/cache-paths.js';

test('the log cache has the documented names', () => {
  assert.deepEqual(cachePaths('/logcache'), {
    root: '/logcache',
    mirror: '/logcache/mirror',
    logs: '/logcache/logs',
    meta: '/logcache/meta',
    trackfiles: '/logcache/trackfiles.txt',
    statusSocket: '/logcache/status.sock',
    collectorSocket: '/logcache/collector.sock',
    defaultLogfile: '/logcache/logagg-fs.log',
  });
});
