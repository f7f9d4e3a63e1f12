/** The runner's own check: what a test leaves behind is reported, and taken away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ended, output } from '../harness/commands.js';
import { fuseMountAt } from '../harness/fuse-mounts.js';
import { settleLeftovers, takeSnapshot } from '../harness/leftovers.js';
import { launcher, temporaryPrefix } from '../harness/project.js';

const limit = { timeout: 60_000 };

/** Lines about one folder: other test files run at the same time. */
async function linesAbout(folder: string, snapshot = takeSnapshot()): Promise<string[]> {
  return (await settleLeftovers(snapshot, folder)).filter((line) => line.includes(folder));
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), `${temporaryPrefix}left-`));

test('a mount that was left behind is reported with its server and taken away', limit, async () => {
  const folder = newFolder();
  const mountpoint = join(folder, 'log');
  mkdirSync(mountpoint);
  const snapshot = takeSnapshot();
  await output(launcher, [mountpoint, '-o', `root=${join(folder, 'cache')}`]);
  const lines = await linesAbout(folder, snapshot);
  assert.ok(
    lines.some((line) => line.startsWith(`a mount was left behind: fuse.logagg-fs at ${mountpoint}`)),
    lines.join('\n'),
  );
  assert.ok(
    lines.some((line) => line.startsWith('a process was left behind')),
    lines.join('\n'),
  );
  assert.equal(fuseMountAt(mountpoint), undefined);
  assert.equal(existsSync(folder), false);
});

test('a process that was left behind is reported and killed', limit, async (t) => {
  const folder = newFolder();
  const snapshot = takeSnapshot();
  const child = spawn('sleep', ['60'], { env: { ...process.env, MADE_BY_A_TEST: folder }, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  const lines = await settleLeftovers(snapshot, folder);
  assert.ok(
    lines.some((line) => line.includes(`${child.pid} sleep 60`)),
    lines.join('\n'),
  );
  await ended(child);
  assert.equal(child.signalCode, 'SIGKILL');
});

test('a temporary entry that was left behind is reported and removed', limit, async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'forgotten'), '');
  assert.deepEqual(await linesAbout(folder), [`a temporary entry was left behind: ${join(folder, 'forgotten')}`]);
  assert.equal(existsSync(folder), false);
});

test('a run that leaves nothing behind has nothing to report', limit, async () => {
  const folder = newFolder();
  assert.deepEqual(await linesAbout(folder), []);
  assert.equal(existsSync(folder), false);
});
