/** Known attacks on a file system that a root daemon serves, and who may read and change what. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chunksOf } from '../harness/chunks.js';
import { eventually, type Outcome, output, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { adm, asNobody, compiledTest, nobody } from '../harness/project.js';

const limit = { timeout: 60_000 };
const secret = 'nobody may read this\n';

/** A directory that only root may enter, with a file in it. */
function closedDirectory(fixture: MountFixture): string {
  const folder = join(fixture.folder, 'outside');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'f'), secret, { mode: 0o600 });
  return folder;
}

function assertUntouched(folder: string): void {
  assert.deepEqual(readdirSync(folder), ['f']);
  assert.equal(readFileSync(join(folder, 'f'), 'utf8'), secret);
  const { mode, uid, gid } = statSync(join(folder, 'f'));
  assert.deepEqual([mode & 0o7777, uid, gid], [0o600, 0, 0]);
}

function assertRefused(outcome: Outcome, reason: RegExp, what: string): void {
  assert.notEqual(outcome.code, 0, what);
  assert.match(outcome.stderr, reason, what);
}

test('a directory that is swapped for a symlink all the time leads nobody out of the mirror', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  const outside = closedDirectory(fixture);
  const directory = join(fixture.mirror, 'd');
  mkdirSync(directory);
  chownSync(directory, nobody, nobody);
  symlinkSync(outside, join(fixture.mirror, 'trap'));
  const script = `
    import { RENAME_EXCHANGE, rename2 } from ${JSON.stringify(compiledTest('harness/libc.js'))};
    const end = Date.now() + 4000;
    let swaps = 0;
    for (; Date.now() < end; swaps++) rename2('d', 'trap', RENAME_EXCHANGE);
    console.log(swaps);`;
  const swapping = output(process.execPath, ['--input-type=module', '-e', script], { cwd: fixture.mirror });
  const attack = `
    end=$(($(date +%s) + 4)); done=0
    while [ $(date +%s) -lt $end ]; do
      echo x >> d/f && done=$((done + 1))
      cat d/f; true > d/f; chmod 666 d/f; touch d/made; mkdir d/m; ln -s x d/s; ln d/f d/l; mv d/f d/g; mv d/g d/f
      ls d/; rm -rf d/made d/m d/s d/l; rm -f d/f
    done 2>/dev/null
    echo "appended $done times"`;
  const outcome = await run('sh', ['-c', attack], { ...asNobody, cwd: fixture.mountpoint });
  const swaps = Number(await swapping);
  assert.ok(swaps > 1000, `${swaps} swaps`);
  assert.match(outcome.stdout, /appended [1-9]/, 'some of the attempts met the directory');
  assert.doesNotMatch(outcome.stdout, /nobody may read this/);
  assertUntouched(outside);
});

test('the target of a symlink is looked for by whoever follows it, not by the server', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  chmodSync(fixture.mountpoint, 0o755);
  const outside = closedDirectory(fixture);
  // Seen from the mirror this path is the log cache's own file.
  writeFileSync(join(fixture.folder, 'trackfiles.txt'), 'the file beside the mountpoint\n');
  symlinkSync('../trackfiles.txt', fixture.path('beside'));
  symlinkSync(join(outside, 'f'), fixture.path('closed'));
  symlinkSync(outside, fixture.path('closed-directory'));
  assert.equal(await output('cat', [fixture.path('beside')], asNobody), 'the file beside the mountpoint\n');
  for (const path of ['closed', 'closed-directory/f', 'closed-directory/../cache/trackfiles.txt']) {
    assertRefused(await run('cat', [`${fixture.mountpoint}/${path}`], asNobody), /denied/i, path);
  }
});

test('".." leads out of the mount, to the directory beside it', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  mkdirSync(fixture.path('d'));
  assert.equal(statSync(`${fixture.mountpoint}/..`).ino, statSync(fixture.folder).ino);
  assert.equal(statSync(`${fixture.path('d')}/../..`).ino, statSync(fixture.folder).ino);
  assertRefused(await run('cat', [`${fixture.mountpoint}/../cache/trackfiles.txt`], asNobody), /denied/i, '..');
});

test('hard links neither leave the mount nor open what was closed', limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  chmodSync(fixture.mountpoint, 0o777);
  const outside = closedDirectory(fixture);
  linkSync(join(outside, 'f'), join(fixture.mirror, 'linked'));
  assertRefused(await run('cat', [fixture.path('linked')], asNobody), /denied/i, 'read');
  assertRefused(await run('chmod', ['666', fixture.path('linked')], asNobody), /not permitted/i, 'chmod');
  assertRefused(await run('ln', [join(outside, 'f'), fixture.path('in')]), /cross-device/i, 'in');
  assertRefused(await run('ln', [fixture.path('linked'), join(outside, 'out')]), /cross-device/i, 'out');
  writeFileSync(fixture.path('closed'), secret, { mode: 0o600 });
  const outcome = await run('sh', ['-c', 'ln closed mine; cat mine'], { ...asNobody, cwd: fixture.mountpoint });
  assertRefused(outcome, /denied|not permitted|no such file/i, "a link of one's own");
  assertUntouched(outside);
});

test('the log cache is out of reach for others, also through the server', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['**'] });
  chmodSync(fixture.mountpoint, 0o777);
  await output('sh', ['-c', 'echo mine > own.log'], { ...asNobody, cwd: fixture.mountpoint });
  const pid = fixture.serverPid();
  const paths = [fixture.root, `/proc/${pid}/root/${fixture.root}`, `/proc/${pid}/cwd/`, `/proc/${pid}/fd/`];
  for (const path of paths) assertRefused(await run('ls', [path], asNobody), /denied/i, path);
  assert.equal(statSync(fixture.root).mode & 0o7777, 0o700);
  const chunks = chunksOf(fixture.logs, fixture.path('own.log'));
  assert.deepEqual(
    chunks.map((chunk) => statSync(chunk).mode & 0o7777),
    [0o600],
  );
});

test("another user can't change root's entries, and can change his own", limit, async (t) => {
  const fixture = await MountFixture.mount(t);
  chmodSync(fixture.mountpoint, 0o755);
  await output('sh', ['-c', 'mkdir d; echo x > d/f; echo x > f; mkdir -m 1777 shared; echo x > shared/f'], {
    cwd: fixture.mountpoint,
  });
  const forbidden = [
    'echo y >> f',
    ': > f',
    'truncate -s 0 f',
    'touch new',
    'mkdir new',
    'ln -s f new',
    'mkfifo new',
    'mv f g',
    'mv d e',
    'rm -f f',
    'rm -f shared/f',
    'mv shared/f shared/g',
    'chmod 777 f',
    'chown 65534 f',
    'touch -d yesterday f',
    'setfattr -n user.a -v 1 f',
    'setfacl -m u:65534:rwx f',
  ];
  for (const command of forbidden) {
    const outcome = await run('sh', ['-c', command], { ...asNobody, cwd: fixture.mountpoint });
    assertRefused(outcome, /denied|not permitted/i, command);
  }
  const own = 'cd shared; echo y > own; chmod 600 own; mv own own2; rm own2';
  await output('sh', ['-c', own], { ...asNobody, cwd: fixture.mountpoint });
  assert.deepEqual(readdirSync(fixture.mountpoint).sort(), ['d', 'f', 'shared']);
});

test('with group= its members read chunks and change nothing', limit, async (t) => {
  const fixture = await MountFixture.mount(t, { options: ['group=adm', 'seal=1'] });
  fixture.writeTrackfiles(`${fixture.path('*.log')}\n`);
  chmodSync(fixture.mountpoint, 0o755);
  const modeOf = (path: string): string => {
    const { mode, gid } = statSync(path);
    return `${(mode & 0o7777).toString(8)} ${gid}`;
  };
  for (const folder of [fixture.root, fixture.logs]) assert.equal(modeOf(folder), `750 ${adm}`, folder);
  assert.equal(modeOf(fixture.trackfiles), `640 ${adm}`);
  const chunk = await eventually(
    () => {
      appendFileSync(fixture.path('a.log'), 'line\n');
      return chunksOf(fixture.logs, fixture.path('a.log'))[0] ?? '';
    },
    { within: 10_000, what: 'the first captured line' },
  );
  assert.match(modeOf(chunk), new RegExp(`^[46]40 ${adm}$`));
  const member = { ...asNobody, groups: [adm] };
  assert.match(await output('cat', [chunk], member), /^(line\n)+$/);
  assertRefused(await run('cat', [chunk], asNobody), /denied/i, 'not a member');
  for (const command of [`echo >> ${chunk}`, `rm -f ${chunk}`, `chmod 666 ${chunk}`, `echo >> ${fixture.trackfiles}`]) {
    assertRefused(await run('sh', ['-c', command], member), /denied|not permitted/i, command);
  }
  await eventually(() => modeOf(chunk) === `440 ${adm}`, { within: 10_000, what: 'a sealed chunk' });
});
