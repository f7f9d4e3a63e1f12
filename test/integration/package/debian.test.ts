/**
 * The package on a clean Debian 12: install, mount by fstab, capture, upgrade, remove, purge.
 *
 * Run by `npm run test:package`: it fetches a Debian and takes two minutes.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../harness/commands.js';
import { builtPackage } from '../../harness/debian-package.js';
import { installPackages } from '../../harness/debian-packages.js';
import { DebianRoot } from '../../harness/debian-root.js';
import { projectRoot, temporaryPrefix } from '../../harness/project.js';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
const newerVersion = `${version}+1`;

/** Appends numbered lines to a file that it keeps open, until it is told to stop; says so when a write fails. */
const writer = `exec 3>>/var/log/app.log; n=0
while [ ! -e /tmp/stop ]; do n=$((n + 1)); echo "line $n" >&3 || echo "line $n" >> /tmp/failed; sleep 0.01; done`;

describe('the Debian package on a clean Debian 12', { timeout: 900_000 }, () => {
  let folder: string;
  let root: DebianRoot;

  before(async () => {
    assert.deepEqual(installPackages(['debootstrap']), []);
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}debian-`));
    root = await DebianRoot.create(join(folder, 'root'));
    for (const each of [version, newerVersion]) {
      const file = await builtPackage(folder, each);
      await root.write(`/tmp/${basename(file)}`, readFileSync(file));
    }
  });

  after(async () => {
    await root?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const debFile = (wanted: string): string => `./tmp/logagg-fs_${wanted}_*.deb`;
  const install = (wanted: string): Promise<string> => root.apt(`install $(echo /${debFile(wanted)})`);
  const isMounted = async (): Promise<boolean> => (await root.run('findmnt -t fuse.logagg-fs /var/log')).code === 0;
  const servers = async (): Promise<string[]> => {
    const text = await root.output("grep -lsz /usr/lib/[l]ogagg-fs/ /proc/[0-9]*/cmdline | grep -o '[0-9]*' || true");
    return text.split('\n').filter((pid) => pid !== '');
  };

  /** The numbers of the lines that were written, which must be 1, 2, 3 … */
  const lineCount = (text: string): number => {
    const lines = text.split('\n').slice(0, -1);
    for (const [index, line] of lines.entries()) assert.equal(line, `line ${index + 1}`);
    return lines.length;
  };
  const mirrored = async (): Promise<number> => lineCount(await root.output('cat /logcache/mirror/app.log'));
  const captured = async (): Promise<number> =>
    lineCount(await root.output('cat /logcache/logs/$(printf /var/log/app.log | md5sum | cut -c 1-32).*.log'));
  const moreLines = async (): Promise<void> => {
    const count = await mirrored();
    await eventually(async () => (await mirrored()) > count + 20, { within: 20_000, what: 'more lines in the mirror' });
  };

  test('installs by apt with the Node.js of Debian 12', async () => {
    await install(version);
    assert.equal(await root.output('env -i /usr/bin/logagg-fs --version'), `${version}\n`);
    assert.equal(await root.output('env -i /sbin/mount.logagg-fs --version'), `${version}\n`);
    assert.match(await root.output('node --version'), /^v(18\.(2\d|19\d)|\d{2})\./);
    for (const path of [
      '/usr/share/man/man8/logagg-fs.8.gz',
      '/etc/logagg-fs/collector.yaml',
      '/lib/systemd/system/logagg-fs@.service',
    ]) {
      assert.ok(await root.has(path), path);
    }
  });

  test('a line in fstab mounts it, and it captures', async () => {
    await root.output(`set -e
install -d -m 0700 /logcache
cp -a /var/log /logcache/mirror
echo '/var/log/*.log' > /logcache/trackfiles.txt
echo 'logagg-fs /var/log fuse.logagg-fs root=/logcache,nofail 0 0' > /etc/fstab
mount /var/log`);
    assert.ok(await isMounted());
    root.start(writer);
    await eventually(async () => (await mirrored()) > 50, { within: 20_000, what: '50 lines in the mirror' });
    assert.ok((await captured()) > 50);
  });

  test('an upgrade keeps the mount alive, and configuration that was changed', async () => {
    await root.output("echo '# mine' >> /etc/logagg-fs/var-log.conf");
    const before = await servers();
    await install(newerVersion);
    assert.match(await root.output('dpkg-query --list logagg-fs'), / logagg-fs +\S+\+1 /);
    assert.match(await root.output('cat /etc/logagg-fs/var-log.conf'), /^# mine$/m);
    assert.ok(await isMounted());
    await moreLines();
    assert.notDeepEqual(await servers(), before);
    assert.ok(!(await root.has('/tmp/failed')), 'no write failed');
  });

  test('removal unmounts although files are open, and leaves logs, chunks and configuration', async () => {
    const said = await root.apt('remove logagg-fs');
    assert.match(said, /\/var\/log was busy and is detached/);
    assert.match(said, /\/etc\/fstab still has a line/);
    assert.ok(!(await isMounted()));
    assert.ok(await root.has('/etc/logagg-fs/collector.yaml'));
    await moreLines();
    await root.output('touch /tmp/stop');
    await eventually(async () => (await servers()).length === 0, { within: 20_000, what: 'the end of the server' });
    const count = await mirrored();
    assert.equal(await captured(), count);
    assert.ok(!(await root.has('/tmp/failed')), 'no write failed');
  });

  test('purging removes the configuration, and never the log cache', async () => {
    const listing = await root.output('cd /logcache && find . -type f ! -name dpkg.log | sort | xargs sha256sum');
    await root.apt('purge logagg-fs');
    assert.equal(
      await root.output('cd /logcache && find . -type f ! -name dpkg.log | sort | xargs sha256sum'),
      listing,
    );
    assert.ok(!(await root.has('/etc/logagg-fs')));
    const left = await root.output(
      "find / -xdev -name '*logagg*' -not -path '/tmp/*' -not -path '/logcache/*' -not -path '/proc/*'",
    );
    assert.equal(left, '');
  });
});
