/**
 * From a clean Debian to captured logs and back: package, `setup`, rsyslog and nginx that log, logrotate, collector, `--undo`.
 *
 * Guarantees: every message that was logged is delivered, and after `--undo` the directory holds what the mount showed, with
 * the entries of before untouched in name, kind, mode and owner. Left out while the program has no command `setup`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { subcommands } from '../../../packaging/manual/program-sections.js';
import { eventually } from '../../harness/commands.js';
import { builtPackage } from '../../harness/debian-package.js';
import { installPackages } from '../../harness/debian-packages.js';
import { DebianRoot } from '../../harness/debian-root.js';
import { freePort } from '../../harness/ports.js';
import { temporaryPrefix } from '../../harness/project.js';

const hasSetup = subcommands().some((each) => each.name() === 'setup');

/** Messages before the set-up, before the rotation, and after it. */
const perStage = 200;

/** `requests PORT STAGE COUNT`: requests with numbers in their paths. */
const requests = `for n in $(seq "$3"); do
  exec 3<>/dev/tcp/127.0.0.1/"$1"
  printf 'GET /%s/%s. HTTP/1.0\\r\\n\\r\\n' "$2" "$n" >&3
  cat <&3 > /dev/null
done
`;

/** Every entry of /var/log by name, kind, mode and owner. */
const names = "cd /var/log && find . -printf '%p %y %m %U:%G\\n' | LC_ALL=C sort";
/** The contents of every file. */
const contents = 'cd /var/log && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum';

describe('setup on a clean Debian 12', { skip: hasSetup ? false : 'there is no setup', timeout: 900_000 }, () => {
  let folder: string;
  let root: DebianRoot;
  let port: number;
  let listingBefore: string;

  before(async () => {
    assert.deepEqual(installPackages(['debootstrap']), []);
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}setup-`));
    root = await DebianRoot.create(join(folder, 'root'));
    const file = await builtPackage(folder);
    await root.write(`/tmp/${basename(file)}`, readFileSync(file));
    await root.apt(`install /tmp/${basename(file)} rsyslog nginx-light logrotate`);
    port = await freePort();
    const site = `server { listen 127.0.0.1:${port}; location / { return 200 ok; } access_log /var/log/nginx/access.log; }\n`;
    await root.write('/etc/nginx/sites-enabled/default', site);
    await root.write('/tmp/requests', requests);
    // No kernel messages here, and no cron: the host's are not ours.
    const modules = 'module(load="imuxsock")\n$FileCreateMode 0640\n*.* -/var/log/syslog\n';
    await root.write('/etc/rsyslog.conf', modules);
  });

  after(async () => {
    await root?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const startLoggers = (): Promise<string> => root.output('rsyslogd && nginx');
  const stopLoggers = async (): Promise<void> => {
    await root.run('kill $(cat /run/rsyslogd.pid) $(cat /run/nginx.pid)');
    const isGone = async (): Promise<boolean> => (await root.run('pidof rsyslogd nginx')).code !== 0;
    await eventually(isGone, { within: 20_000, what: 'the end of rsyslogd and nginx' });
  };
  const seen = async (file: string, text: string): Promise<void> => {
    const find = async (): Promise<boolean> => (await root.run(`grep -qs '${text}' ${file}`)).code === 0;
    await eventually(find, { within: 20_000, what: `${text} in ${file}` });
  };

  /** Logs numbered messages by syslog(3) and requests, until the last of them are in the files. */
  const logStage = async (stage: string): Promise<void> => {
    await root.output(`for n in $(seq ${perStage}); do logger -t test "${stage} message $n."; done`);
    await root.output(`bash /tmp/requests ${port} ${stage} ${perStage}`);
    await seen('/var/log/syslog', `${stage} message ${perStage}\\.`);
    await seen('/var/log/nginx/access.log', `/${stage}/${perStage}\\. `);
  };

  const delivered = async (stage: string): Promise<void> => {
    const text = await root.output('cat /srv/delivered.log');
    for (let n = 1; n <= perStage; n++) {
      assert.equal(text.split(`${stage} message ${n}.\n`).length, 2, `${stage} message ${n} is delivered once`);
      assert.equal(text.split(`GET /${stage}/${n}. `).length, 2, `${stage} request ${n} is delivered once`);
    }
  };

  test('logs of before stay where they are', async () => {
    await startLoggers();
    await logStage('before');
    listingBefore = await root.output(names);
    const options = "--root /logcache --track /var/log/syslog --track '/var/log/nginx/*.log' --yes";
    await root.output(`logagg-fs setup /var/log ${options} < /dev/null`, 120_000);
    assert.equal((await root.run('findmnt -t fuse.logagg-fs /var/log')).code, 0);
    assert.match(await root.output('cat /etc/fstab'), /\/var\/log .*nofail/);
    assert.equal(await root.output(names), listingBefore);
    await seen('/var/log/syslog', `before message ${perStage}\\.`);
  });

  test('what is logged from then on is delivered once, across a rotation', async () => {
    await stopLoggers();
    await startLoggers();
    await logStage('mounted');
    const rotation = await root.output('logrotate --force --verbose /etc/logrotate.conf 2>&1');
    assert.match(rotation, /renaming \/var\/log\/nginx\/access\.log to /);
    await root.run('kill -HUP $(cat /run/rsyslogd.pid); kill -USR1 $(cat /run/nginx.pid)');
    await logStage('rotated');
    await root.output('logagg-fs collect /logcache --to file:///srv/delivered.log --once');
    await delivered('mounted');
    await delivered('rotated');
  });

  test('--undo leaves every log where it was, and nothing of the mount', async () => {
    await stopLoggers();
    const [listing, sums] = [await root.output(names), await root.output(contents)];
    await root.output('logagg-fs setup /var/log --root /logcache --undo --yes < /dev/null', 120_000);
    assert.equal((await root.run('findmnt /var/log')).code, 1);
    assert.doesNotMatch(await root.output('cat /etc/fstab'), /logagg-fs/);
    assert.equal(await root.output(names), listing);
    assert.equal(await root.output(contents), sums);
    const lines = new Set(listing.split('\n'));
    const missing = listingBefore.split('\n').filter((line) => !lines.has(line));
    assert.deepEqual(missing, []);
  });
});
