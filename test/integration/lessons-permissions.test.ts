/** Who may do what on the mount: mistakes of earlier systems, each under its behaviour's name. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { output, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { adm, asNobody, nobody } from '../harness/project.js';

const limit = { timeout: 60_000 };

test("another user can't read, append to, chmod or remove root's 0600 file", limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  chmodSync(fixture.mountpoint, 0o755);
  const file = fixture.path('secret');
  writeFileSync(file, 'secret\n', { mode: 0o600 });
  for (const command of [`cat ${file}`, `echo x >> ${file}`, `chmod 666 ${file}`, `rm -f ${file}`]) {
    const outcome = await run('sh', ['-c', command], asNobody);
    assert.notEqual(outcome.code, 0, command);
    assert.match(outcome.stderr, /denied|not permitted/i, command);
  }
  assert.equal(readFileSync(file, 'utf8'), 'secret\n');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a file made by another user belongs to that user', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  chmodSync(fixture.mountpoint, 0o777);
  await output('touch', [fixture.path('f')], asNobody);
  await output('mkdir', [fixture.path('d')], asNobody);
  for (const name of ['f', 'd']) {
    for (const folder of [fixture.mountpoint, fixture.mirror]) {
      const { uid, gid } = statSync(join(folder, name));
      assert.deepEqual([uid, gid], [nobody, nobody], join(folder, name));
    }
  }
});

test("the server's umask is not applied on top of the caller's", limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  const script = 'umask 002; mkdir d; touch f; umask 000; mkdir open-d; touch open-f; stat -c %a d f open-d open-f';
  assert.equal(await output('sh', ['-c', script], { cwd: fixture.mountpoint }), '775\n664\n777\n666\n');
});

test('a symlink reads back exactly the target that was written', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  const targets = ['a.log', '/var/log/a.log', '../up/a.log', fixture.path('a.log')];
  targets.forEach((target, index) => {
    symlinkSync(target, fixture.path(`l${index}`));
    assert.equal(readlinkSync(fixture.path(`l${index}`)), target);
    assert.equal(readlinkSync(join(fixture.mirror, `l${index}`)), target);
  });
});

test('chown -h changes the symlink and not its target', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  const script = 'touch f; ln -s f l; chown -h 11:12 l; stat -c "%u:%g" l f';
  assert.equal(await output('sh', ['-c', script], { cwd: fixture.mountpoint }), '11:12\n0:0\n');
});

test('a member of a supplementary group reads a 0640 file and nobody else does', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  chmodSync(fixture.mountpoint, 0o755);
  const file = fixture.path('adm.log');
  await output('sh', ['-c', `echo for adm > ${file}; chown 0:4 ${file}; chmod 640 ${file}`]);
  assert.equal(await output('cat', [file], { ...asNobody, groups: [adm] }), 'for adm\n');
  assert.notEqual((await run('cat', [file], asNobody)).code, 0);
});

test('the log cache is closed to users who could not read the log', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['*.log'] });
  chmodSync(fixture.mountpoint, 0o777);
  mkdirSync(fixture.path('d'));
  await output('sh', ['-c', 'echo mine >> own.log'], { ...asNobody, cwd: fixture.mountpoint });
  assert.equal(statSync(fixture.root).mode & 0o777, 0o700);
  for (const folder of [fixture.root, fixture.logs, fixture.mirror]) {
    assert.notEqual((await run('ls', [folder], asNobody)).code, 0, folder);
  }
});
