/** The units, as systemd reads them. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../harness/commands.js';
import { launcher, projectRoot, temporaryPrefix } from '../harness/project.js';

const analyze = '/usr/bin/systemd-analyze';
const skip = existsSync(analyze) ? false : `needs ${analyze}`;

describe('the systemd units', { skip, timeout: 60_000 }, () => {
  const source = join(projectRoot, 'packaging/systemd');
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}units-`));
    cpSync(source, folder, { recursive: true });
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.service'))) {
      // The program as it will be installed is not here.
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('/usr/bin/logagg-fs', launcher);
      writeFileSync(join(folder, name.replace('@', '@var-log')), text);
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const name of ['logagg-fs@var-log.service', 'logagg-collect.service']) {
    test(`${name} is understood`, async () => {
      const outcome = await run(analyze, ['verify', '--man=no', join(folder, name)]);
      assert.deepEqual({ code: outcome.code, stderr: outcome.stderr }, { code: 0, stderr: '' });
    });
  }

  test('the collector is hardened', async () => {
    const args = ['security', '--offline=true', '--threshold=20', '--no-pager', join(folder, 'logagg-collect.service')];
    const { code, stdout } = await run(analyze, args);
    assert.equal(code, 0, stdout.split('\n').at(-2));
  });

  test('each names a file of options that the package brings', () => {
    assert.match(readFileSync(join(source, 'var-log.conf'), 'utf8'), /^LOGAGG_OPTIONS=root=\/logcache$/m);
    assert.match(readFileSync(join(source, 'collect.conf'), 'utf8'), /^LOGAGG_CACHE=\/logcache$/m);
  });
});
