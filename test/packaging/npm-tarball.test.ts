/** The npm package: packed, and installed globally into a folder of its own. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { output } from '../harness/commands.js';
import { projectRoot, temporaryPrefix } from '../harness/project.js';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };

describe('the npm package', { timeout: 300_000 }, () => {
  let folder: string;
  const installed = (path: string): string => join(folder, 'prefix/lib/node_modules/logagg-fs', path);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}npm-`));
    // It is built already, and the build would change dist/ under the other tests.
    await output('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: projectRoot,
      timeout: 60_000,
    });
    const tarball = join(folder, `logagg-fs-${version}.tgz`);
    const prefix = join(folder, 'prefix');
    mkdirSync(prefix);
    await output('npm', ['install', '--global', '--ignore-scripts', '--prefer-offline', '--prefix', prefix, tarball], {
      cwd: folder,
      timeout: 240_000,
    });
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('npm install --global makes a command that works', async () => {
    assert.equal(await output(join(folder, 'prefix/bin/logagg-fs'), ['--version']), `${version}\n`);
  });

  test('the link that the README tells makes it a helper of mount(8), with an empty environment', async () => {
    const helper = join(folder, 'mount.logagg-fs');
    symlinkSync(installed('bin/logagg-fs'), helper);
    const help = await output('/usr/bin/env', ['-i', helper, '--help']);
    assert.match(help, /^Usage: mount\.logagg-fs SOURCE MOUNTPOINT/);
  });

  test('collects without anything of the project', async () => {
    const root = join(folder, 'cache');
    mkdirSync(join(root, 'logs'), { recursive: true });
    const args = ['collect', root, '--to', 'stdout:', '--once'];
    assert.equal(await output(join(folder, 'prefix/bin/logagg-fs'), args), '');
  });

  test('brings the examples and units, and neither tests nor sources', () => {
    for (const path of ['etc/collector.yaml', 'packaging/systemd/logagg-collect.service', 'README.md', 'LICENSE']) {
      assert.ok(existsSync(installed(path)), path);
    }
    assert.deepEqual(readdirSync(installed('dist')), ['src']);
    assert.ok(!existsSync(installed('src')) && !existsSync(installed('test')));
  });
});
