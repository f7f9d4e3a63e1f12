/**
 * The power goes while lines are written: the log cache lies on a file system in a file, and that file is copied at some
 * moment in between, as a disk would be found afterwards.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { append } from '../harness/captured.js';
import { chunkName, chunksOf } from '../harness/chunks.js';
import { collect } from '../harness/collect-process.js';
import { ended, eventually, killGroup, output, run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';
import { launcher, temporaryPrefix } from '../harness/project.js';

const limit = { timeout: 180_000 };
const MEGABYTES = 24;
const CUTS = 4;
/** More than a writer comes to. */
const MOST_LINES = 10_000;

/** A folder with an ext4 in a file, which is mounted on `disk`. */
async function makeDisk(t: TestContext): Promise<{ image: string; disk: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  const image = join(folder, 'image');
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  await output('truncate', ['-s', `${MEGABYTES}M`, image]);
  await output('mke2fs', ['-q', '-F', '-t', 'ext4', '-m', '0', image]);
  await output('mount', ['-o', 'loop', image, disk]);
  t.after(async () => {
    await eventually(async () => (await run('umount', [disk])).code === 0, {
      within: 10_000,
      what: `${disk} unmounted`,
    });
    rmSync(folder, { recursive: true });
  });
  return { image, disk, folder };
}

/** Copies the image as it is at one moment: until two copies, one after the other, are alike. */
async function cutPower(image: string, copy: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    copyFileSync(image, copy);
    if (readFileSync(copy).equals(readFileSync(image))) return;
    await delay(7);
  }
  assert.fail('the disk never rested');
}

/** A line of a writer. The length varies, so that what is torn shows. */
const lineOf = (writer: string, number: number): string => `${writer} ${number} ${'x'.repeat(number % 97)}\n`;

/** Appends lines and syncs every 50th; tells after which line it has synced. */
const writer = `
  const { openSync, writeSync, fsyncSync } = require('node:fs');
  const [path, name] = process.argv.slice(1);
  const fd = openSync(path, 'a');
  const next = (number) => {
    writeSync(fd, name + ' ' + number + ' ' + 'x'.repeat(number % 97) + '\\n');
    if (number % 50 === 49) {
      fsyncSync(fd);
      process.stdout.write(number + 1 + '\\n');
    }
    setTimeout(next, number % 50 === 49 ? 300 : 1, number + 1);
  };
  next(0);`;

test(
  'after a power loss chunks and their names are whole, but for the tail of what was not synced',
  limit,
  async (t) => {
    const fixture = MountFixture.prepare(t, { patterns: ['*.log'] });
    const { image, disk, folder } = await makeDisk(t);
    const root = join(disk, 'cache');
    mkdirSync(root);
    writeFileSync(join(root, 'trackfiles.txt'), `${fixture.path('*.log')}\n`);
    await output('sync', ['-f', disk]);
    const mount = (at: string): Promise<string> =>
      output(launcher, [fixture.mountpoint, '-o', `allow_other,chunksize=5k,seal=1,root=${at}`], { timeout: 30_000 });
    await mount(root);
    const synced = new Map<string, number>();
    const writers = ['a', 'b', 'c'].map((name) => {
      const child = spawn(process.execPath, ['-e', writer, fixture.path(`${name}.log`), name], {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child.stdout.on('data', (part: Buffer) => synced.set(name, Number(part.toString().trim().split('\n').at(-1))));
      return child;
    });
    const stop = async (): Promise<void> => {
      for (const child of writers.splice(0)) {
        killGroup(child);
        await ended(child);
      }
    };
    fixture.after(stop);
    await eventually(() => synced.size === 3, { within: 20_000, what: 'a sync of each writer' });
    const cuts: { copy: string; synced: Map<string, number> }[] = [];
    for (let cut = 0; cut < CUTS; cut++) {
      await delay(1000 * Math.random());
      const before = new Map(synced);
      const copy = join(folder, `copy-${cut}`);
      await cutPower(image, copy);
      cuts.push({ copy, synced: before });
    }
    await stop();
    await fixture.unmount();
    for (const { copy, synced: before } of cuts) {
      const found = mkdtempSync(join(folder, 'found-'));
      await output('mount', ['-o', 'loop', copy, found]);
      try {
        await checkCut(t, fixture, join(found, 'cache'), before, mount);
      } finally {
        if (fixture.isMounted()) await fixture.unmount();
        await eventually(async () => (await run('umount', [found])).code === 0, { within: 10_000, what: 'an unmount' });
      }
    }
  },
);

async function checkCut(
  t: TestContext,
  fixture: MountFixture,
  root: string,
  synced: ReadonlyMap<string, number>,
  mount: (root: string) => Promise<string>,
): Promise<void> {
  const logs = join(root, 'logs');
  for (const name of readdirSync(logs)) assert.match(name, chunkName);
  // The server that comes next takes it as it is.
  await mount(root);
  for (const [name, lines] of synced) assertUntilTail(fixture, root, name, lines);
  append(fixture, 'after.log', 'after\n');
  await fixture.unmount();
  for (const name of readdirSync(logs)) assert.equal(statSync(join(logs, name)).mode & 0o222, 0, `${name} is sealed`);
  const { code, stdout, stderr } = await collect(t, [root, '--to', 'stdout:', '--format', 'raw', '--once']);
  assert.equal(code, 0, stderr);
  for (const [name, lines] of synced) {
    const delivered = stdout.split(/(?<=\n)/).filter((line) => line.startsWith(`${name} `));
    for (let line = 0; line < lines; line++) {
      if (delivered[line] !== lineOf(name, line)) assert.fail(`${name}: line ${line} is ${delivered[line]}`);
    }
  }
  assert.ok(stdout.includes('after\n'));
  assert.deepEqual(readdirSync(logs), []);
}

/**
 * What was synced is there. Behind it each chunk has a piece of what was written, in order; between two of them something
 * may be missing, because the file system writes its files in any order. A piece may end in zeros: ext4 journals the new size of
 * a file without waiting for data in a block that the file had before.
 */
function assertUntilTail(fixture: MountFixture, root: string, name: string, lines: number): void {
  const all = Array.from({ length: MOST_LINES }, (_, line) => lineOf(name, line));
  const chunks = chunksOf(join(root, 'logs'), fixture.path(`${name}.log`)).map((path) => readFileSync(path, 'utf8'));
  const sure = all.slice(0, lines).join('');
  assert.ok(chunks.join('').startsWith(sure), `${name}: not all of the ${lines} lines that were synced are there`);
  const wanted = all.join('');
  let end = 0;
  for (const [index, chunk] of chunks.entries()) {
    const piece = chunk.replace(/\0+$/, '');
    const start = wanted.indexOf(piece, end);
    const shown = JSON.stringify([chunk.slice(0, 200), chunk.slice(-300)]);
    assert.ok(start >= 0, `${name}: chunk ${index} of ${chunks.length} holds something else: ${shown}`);
    end = start + piece.length;
  }
}
