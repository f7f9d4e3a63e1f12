import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryPrefix } from '../../harness/project.js';
import { UringParameter } from './uring-parameter.js';

const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
after(() => rmSync(folder, { recursive: true }));

test('the switch is on until it gets its old value back', () => {
  for (const old of ['N', 'Y']) {
    const path = join(folder, old);
    writeFileSync(path, `${old}\n`);
    const parameter = new UringParameter(path);
    parameter.turnOn();
    assert.equal(readFileSync(path, 'utf8').trim(), 'Y');
    parameter.restore();
    assert.equal(readFileSync(path, 'utf8').trim(), old);
  }
});

test('a kernel without the switch gets none', () => {
  const parameter = new UringParameter(join(folder, 'absent'));
  parameter.turnOn();
  parameter.restore();
  assert.equal(existsSync(join(folder, 'absent')), false);
});
