/** pino-roll comes without date-fns, until somebody needs that. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPinoRoll } from '../../src/observability/pino-roll-loader.js';
import { temporaryPrefix } from '../harness/project.js';

const limit = { timeout: 20_000 };
const require = createRequire(createRequire(import.meta.url).resolve('pino-roll'));
const modulesOfDateFns = (): string[] => Object.keys(require.cache).filter((path) => path.includes('/date-fns/'));

test(
  'rolling by size loads nothing of date-fns but its place, and what needs its functions has them',
  limit,
  async (context) => {
    const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
    context.after(() => rmSync(folder, { recursive: true }));
    const roll = await loadPinoRoll();
    const options = { mode: 0o600, sync: true, maxLength: 1024, size: '1k' };
    const bySize = await roll({ ...options, file: join(folder, 'size') });
    bySize.end();
    assert.equal(modulesOfDateFns().length, 1);
    const byDay = await roll({ ...options, file: join(folder, 'day'), ...{ frequency: 'daily', dateFormat: 'yyyy' } });
    byDay.end();
    assert.ok(modulesOfDateFns().length > 50);
    assert.match(readdirSync(folder).sort().join(), /^day\.\d{4}\.1\.log,size\.1\.log$/);
  },
);
