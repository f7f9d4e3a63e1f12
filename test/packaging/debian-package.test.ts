/** The Debian package as a file: what is in it. What it does to a host: `integration/package/`. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { output, run } from '../harness/commands.js';
import { builtPackage } from '../harness/debian-package.js';
import { projectRoot, temporaryPrefix } from '../harness/project.js';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
const isDebian = existsSync('/usr/bin/dpkg-deb');

/** Imports every module of the program in a tree; those that begin to work when they are loaded are left out, as in `bundled/`. */
const importAll = `
import { readdirSync } from 'node:fs';
const base = process.argv[1];
const files = readdirSync(base, { recursive: true }).filter((file) => file.endsWith('.js'));
const modules = files.filter((file) => !/^bundled\\/|(^|\\/)(main|serve|cli|loop-thread|queue-thread|idle-spinner)\\.js$/.test(file));
for (const file of modules) await import(base + '/' + file);
process.stdout.write(String(modules.length), () => process.exit());
`;

describe('the Debian package', { skip: isDebian ? false : 'needs dpkg-deb', timeout: 180_000 }, () => {
  let folder: string;
  let deb: string;
  const tree = (path: string): string => join(folder, 'tree', path);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}deb-`));
    deb = await builtPackage(folder);
    await output('dpkg-deb', ['--raw-extract', deb, join(folder, 'tree')]);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('is named after its version and architecture, and states both', async () => {
    const architecture = (await output('dpkg-deb', ['--field', deb, 'Architecture'])).trim();
    assert.equal(deb, join(folder, `logagg-fs_${version}_${architecture}.deb`));
    assert.equal((await output('dpkg-deb', ['--field', deb, 'Version'])).trim(), version);
  });

  test('has the same bytes when it is built again', async () => {
    const again = await builtPackage(join(folder, 'again'));
    assert.ok(readFileSync(deb).equals(readFileSync(again)));
  });

  test('brings every module that the program imports', async () => {
    const program = tree('usr/lib/logagg-fs/dist/src');
    const imported = await output(process.execPath, ['--input-type=module', '--eval', importAll, program]);
    assert.ok(Number(imported) > 150, `${imported} modules`);
  });

  test('starts with an empty environment, under both of its names', {
    skip: !existsSync('/usr/bin/node'),
  }, async () => {
    for (const name of ['usr/bin/logagg-fs', 'usr/sbin/mount.logagg-fs']) {
      assert.equal(await output('/usr/bin/env', ['-i', tree(name), '--version']), `${version}\n`);
    }
  });

  test('has binaries for this kind of machine only', async () => {
    const names = readdirSync(tree('usr/lib'), { recursive: true, encoding: 'utf8' });
    const binaries = names.filter((name) => /\.(node|so)$/.test(name)).map((name) => tree(`usr/lib/${name}`));
    assert.ok(binaries.length > 0);
    const machine = readFileSync(process.execPath).subarray(18, 20);
    for (const path of binaries) assert.ok(readFileSync(path).subarray(18, 20).equals(machine), path);
    assert.ok(statSync(deb).size < 4_000_000, `${statSync(deb).size} bytes`);
  });

  test('all configuration is conffiles, and nothing of it is active before somebody enables it', () => {
    const conffiles = readFileSync(tree('DEBIAN/conffiles'), 'utf8').trim().split('\n');
    const etc = readdirSync(tree('etc'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.deepEqual(
      conffiles,
      etc
        .map((entry) => join(entry.path, entry.name).slice(tree('').length))
        .map((name) => `/${name.replace(/^\//, '')}`)
        .sort(),
    );
    assert.ok(!existsSync(tree('etc/systemd')));
  });

  test('its checksums are right', async () => {
    const outcome = await run('md5sum', ['--check', '--quiet', 'DEBIAN/md5sums'], { cwd: tree('') });
    assert.deepEqual({ code: outcome.code, stdout: outcome.stdout }, { code: 0, stdout: '' });
  });

  test('names the licence of every npm package that it brings', () => {
    const copyright = readFileSync(tree('usr/share/doc/logagg-fs/copyright'), 'utf8');
    const names = readdirSync(tree('usr/lib/logagg-fs/node_modules')).filter((name) => !name.startsWith('@'));
    for (const name of names) assert.ok(copyright.includes(`node_modules/${name}/*\n`), name);
  });

  test('its scripts are sh, end at the first error, and have no bashisms that dash would stumble over', async () => {
    for (const name of ['postinst', 'prerm', 'postrm']) {
      assert.match(readFileSync(tree(`DEBIAN/${name}`), 'utf8'), /^#!\/bin\/sh\n(#.*\n)*set -e\n/);
      await output('dash', ['-n', tree(`DEBIAN/${name}`)]);
    }
  });

  test('lintian finds neither errors nor warnings', { skip: !existsSync('/usr/bin/lintian') }, async () => {
    const { code, stdout } = await run('lintian', ['--allow-root', '--fail-on', 'error,warning', deb], {
      timeout: 120_000,
      // It leaves files behind in its temporary folder.
      env: { ...process.env, TMPDIR: folder },
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
  });
});
