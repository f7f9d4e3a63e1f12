/** Mounting by mount(8) from a real line in /etc/fstab. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { capturedText } from '../harness/chunks.js';
import { output, run } from '../harness/commands.js';
import { FstabEntry } from '../harness/fstab.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { watchOver } from '../harness/watchdog.js';

const limit = { timeout: 60_000 };

/** The line that users of logagg-fs have, with this test's paths. */
function seedLine({ mountpoint, root }: MountFixture): string {
  const options = `rw,user,auto,exec,nonempty,allow_other,root=${root}/,loglevel=INFO,logfile=${root}/fuse.log`;
  return `logagg-fs ${mountpoint}/ fuse ${options} 0 0`;
}

function prepare(t: TestContext, line: (fixture: MountFixture) => string): MountFixture {
  const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
  const entry = new FstabEntry(line(fixture));
  t.after(() => entry.remove());
  watchOver(fixture.mountpoint);
  return fixture;
}

async function assertCaptures(fixture: MountFixture): Promise<void> {
  await output('sh', ['-c', 'echo captured >> "$1"', 'sh', fixture.path('app.log')]);
  assert.equal(readFileSync(join(fixture.mirror, 'app.log'), 'utf8'), 'captured\n');
  assert.equal(capturedText(fixture.logs, fixture.path('app.log')), 'captured\n');
}

const mounts = (fixture: MountFixture): number =>
  readFileSync('/proc/self/mountinfo', 'utf8').split(` ${fixture.mountpoint} `).length - 1;

// One after the other: there is one /etc/fstab.
describe('from /etc/fstab', { concurrency: false }, () => {
  test('mount MOUNTPOINT works with the line of the first logagg-fs, exactly as it stands', limit, async (t) => {
    const fixture = prepare(t, seedLine);
    await output('mount', [fixture.mountpoint]);
    await assertCaptures(fixture);
    assert.match(readFileSync(join(fixture.root, 'fuse.log'), 'utf8'), /serving/);
    assert.match(await output('df', ['--output=fstype,source', fixture.mountpoint]), /fuse\.logagg-fs\s+logagg-fs/);
  });

  test('mount MOUNTPOINT works with an almost empty environment', limit, async (t) => {
    const fixture = prepare(t, seedLine);
    await output('/bin/mount', [fixture.mountpoint], { env: {} });
    await assertCaptures(fixture);
  });

  for (const [type, source] of [
    ['fuse', 'logagg-fs'],
    ['fuse', 'logagg-fs#cache'],
    ['fuse.logagg-fs', 'cache'],
    ['logagg-fs', 'cache'],
  ] as const) {
    test(`type ${type} with source ${source}`, limit, async (t) => {
      const fixture = prepare(t, ({ mountpoint, root }) => `${source} ${mountpoint} ${type} root=${root} 0 0`);
      await output('mount', [fixture.mountpoint]);
      await assertCaptures(fixture);
      assert.match(await output('findmnt', ['-no', 'FSTYPE', fixture.mountpoint]), /^fuse\.logagg-fs$/m);
    });
  }

  test('options that are meant for mount(8) and systemd do no harm', limit, async (t) => {
    const leaked = 'defaults,noauto,users,_netdev,nofail,comment=logs,x-systemd.before=rsyslog.service,x-gvfs-hide';
    const line = ({ mountpoint, root }: MountFixture): string =>
      `logagg-fs ${mountpoint} fuse ${leaked},nonempty,allow_other,root=${root} 0 0`;
    const fixture = prepare(t, line);
    await output('mount', [fixture.mountpoint]);
    await assertCaptures(fixture);
  });

  test('a path with a space, written \\040, is understood', limit, async (t) => {
    const fixture = prepare(t, ({ mountpoint, folder }) => {
      return `logagg-fs ${mountpoint} fuse.logagg-fs root=${folder}/a\\040cache 0 0`;
    });
    await output('mount', [fixture.mountpoint]);
    assert.ok(statSync(join(fixture.folder, 'a cache/mirror')).isDirectory());
  });

  test('mount -a twice does not stack a second instance', limit, async (t) => {
    const fixture = prepare(t, seedLine);
    for (let i = 0; i < 2; i++) await run('mount', ['-a', '-t', 'fuse']);
    assert.equal(mounts(fixture), 1);
    assert.equal(fixture.serverPids().length, 1);
    await assertCaptures(fixture);
  });

  test('a line with a mistake fails with one line that names it, and mounts nothing', limit, async (t) => {
    const fixture = prepare(t, ({ mountpoint, root }) => `logagg-fs ${mountpoint} fuse root=${root},chunksiez=1 0 0`);
    const outcome = await run('mount', [fixture.mountpoint]);
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /chunksiez/);
    assert.equal(mounts(fixture), 0);
  });
});
