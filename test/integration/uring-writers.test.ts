/** Writers on all CPUs over io_uring: each line once, whole and in order, whatever else happens meanwhile. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { captured, untilCapture } from '../harness/captured.js';
import { ChunkDrain } from '../harness/chunk-drain.js';
import { capturedBytes, chunksOf, isSealed } from '../harness/chunks.js';
import { ended, eventually, killGroup, output } from '../harness/commands.js';
import { type CleanUpRegistry, MountFixture } from '../harness/mount-fixture.js';
import { compiledTest, nobody } from '../harness/project.js';
import { SteadyWriter } from '../harness/steady-writers.js';
import { hasUringParameter, mountOverUring, withOwnUring } from '../harness/uring-parameter.js';

const limit = { timeout: 120_000 };
const smallChunks = 'chunksize=64k';

const mirrored = (fixture: MountFixture, name: string): Buffer => readFileSync(join(fixture.mirror, name));

/** A program of the harness that goes on until its standard input ends. */
function startProgram(context: CleanUpRegistry, name: string, args: readonly string[]): void {
  const program = [process.execPath, compiledTest(`harness/${name}.js`), ...args];
  const child = spawn(program[0] ?? '', program.slice(1), {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  context.after(async () => {
    child.stdin.end();
    await Promise.race([ended(child), delay(5000)]);
    killGroup(child);
  });
}

const skip = hasUringParameter() ? false : 'this kernel has no FUSE over io_uring, or we are not root';

describe('writers over io_uring', { skip }, () => {
  test(
    'of a renamed file and of the new one share a stream, while chunks rotate and are collected',
    limit,
    async (t) => {
      const fixture = await mountOverUring(t, { patterns: ['app.log'], options: ['chunksize=4k'] });
      const path = fixture.path('app.log');
      const lines = 25_000;
      const writers = [await SteadyWriter.start(fixture, { id: 'old', file: path, lines, cpu: 0 })];
      renameSync(path, fixture.path('app.log.1'));
      writers.push(await SteadyWriter.start(fixture, { id: 'new', file: path, lines, cpu: 1 }));
      writers.push(await SteadyWriter.start(fixture, { id: 'also-new', file: path, lines, cpu: 0, size: 333 }));
      const drain = new ChunkDrain(fixture.logs, path);
      for (const writer of writers) writer.begin();
      for (const writer of writers) assert.equal(await writer.written(), lines);
      await fixture.unmount();
      const all = await drain.finish();
      assert.ok(drain.taken > 50, `${drain.taken} chunks`);
      for (const writer of writers) writer.assertAllIn(all.toString(), lines);
      assert.equal(all.length, mirrored(fixture, 'app.log').length + mirrored(fixture, 'app.log.1').length);
    },
  );

  test(
    'miss no line of a file that stays tracked while patterns change, and tear none of one that does not',
    limit,
    async (t) => {
      const fixture = await mountOverUring(t, { patterns: ['stays-*'], options: [smallChunks] });
      const start = (id: string, cpu: number): Promise<SteadyWriter> =>
        SteadyWriter.start(fixture, { id, file: fixture.path(id), cpu });
      const staying = await Promise.all([0, 1, 2, 3].map((cpu) => start(`stays-${cpu}`, cpu)));
      const changing = await Promise.all([0, 1, 2, 3].map((cpu) => start(`changes-${cpu}`, cpu)));
      const writers = [...staying, ...changing];
      for (const writer of writers) writer.begin();
      const server = fixture.serverPid();
      for (let round = 0; round < 20; round++) {
        // So many patterns that deciding about a file takes a moment.
        const others = Array.from({ length: 500 }, (_, index) => fixture.path(`*/${round}-${index}/*.log`));
        const patterns = [...(round % 2 === 0 ? ['changes-*'] : []), 'stays-*'].map((line) => fixture.path(line));
        fixture.replaceTrackfiles([...patterns, ...others, ''].join('\n'));
        process.kill(server, 'SIGHUP');
        await untilCapture(fixture, 'changes-probe', round % 2 === 0);
      }
      for (const writer of writers) writer.stop();
      const counts = new Map<SteadyWriter, number>();
      for (const writer of writers) counts.set(writer, await writer.written());
      await fixture.unmount();
      for (const writer of staying) writer.assertAllIn(captured(fixture, writer.id), counts.get(writer) ?? 0);
      for (const writer of changing) {
        const numbers = writer.linesIn(captured(fixture, writer.id));
        const wrong = numbers.findIndex((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0));
        assert.equal(wrong, -1, `line ${numbers[wrong]} of ${writer.id} is out of order`);
        assert.ok(numbers.length > 0 && numbers.length < (counts.get(writer) ?? 0), `${numbers.length} lines`);
      }
    },
  );

  for (const size of [128 * 1024, 1024 * 1024]) {
    test(`of lines of ${size} bytes are captured exactly, in chunks that are smaller`, limit, async (t) => {
      const fixture = await mountOverUring(t, { patterns: ['app.log'], options: [smallChunks] });
      const file = fixture.path('app.log');
      const lines = (24 * 1024 * 1024) / size;
      const writers = await Promise.all(
        [0, 1].map((cpu) => SteadyWriter.start(fixture, { id: `w${cpu}`, file, lines, size, cpu })),
      );
      const small = await SteadyWriter.start(fixture, { id: 'small', file, lines: 2000, cpu: 1 });
      for (const writer of [...writers, small]) writer.begin();
      for (const writer of [...writers, small]) await writer.written();
      const bytes = capturedBytes(fixture.logs, file);
      assert.ok(bytes.equals(mirrored(fixture, 'app.log')), 'chunks and mirror are equal');
      for (const writer of writers) writer.assertAllIn(bytes.toString(), lines);
      small.assertAllIn(bytes.toString(), 2000);
    });
  }

  test('go on while a hundred threads sync, and all that they sync is there', limit, async (t) => {
    const fixture = await mountOverUring(t, { patterns: ['*.log'], options: [smallChunks] });
    const files = 100;
    const rounds = 5;
    const writers = await Promise.all(
      [0, 1].map((cpu) => SteadyWriter.start(fixture, { id: `w${cpu}`, file: fixture.path('app.log'), cpu })),
    );
    for (const writer of writers) writer.begin();
    await output(
      process.execPath,
      [compiledTest('harness/sync-storm.js'), fixture.mountpoint, `${files}`, `${rounds}`],
      {
        timeout: 90_000,
        env: { ...process.env, UV_THREADPOOL_SIZE: `${files}` },
      },
    );
    for (const writer of writers) writer.stop();
    const counts: number[] = [];
    for (const writer of writers) counts.push(await writer.written());
    const text = captured(fixture, 'app.log');
    for (const [index, writer] of writers.entries()) writer.assertAllIn(text, counts[index] ?? 0);
    for (let number = 0; number < files; number++) {
      const expected = Array.from({ length: rounds }, (_, round) => `${number} ${round}\n`).join('');
      assert.equal(captured(fixture, `sync-${number}.log`), expected);
      assert.equal(mirrored(fixture, `sync-${number}.log`).toString(), expected);
    }
  });

  test('of more files than there are request slots are kept apart', limit, async (t) => {
    const fixture = await mountOverUring(t, { patterns: ['*.log'] });
    const files = Array.from({ length: 1500 }, (_, number) => `${number}.log`);
    const fds = files.map((name) => openSync(fixture.path(name), 'a'));
    for (let round = 0; round < 3; round++)
      for (const [number, fd] of fds.entries()) writeSync(fd, `${number} ${round}\n`);
    for (const [number, name] of files.entries()) {
      assert.equal(captured(fixture, name), `${number} 0\n${number} 1\n${number} 2\n`);
    }
    for (const fd of fds) closeSync(fd);
  });

  test('are captured in the order of the mirror, whichever thread has to serve them', limit, async (t) => {
    const fixture = await mountOverUring(t, { patterns: ['app.log'], options: [smallChunks] });
    const file = fixture.path('app.log');
    appendFileSync(file, '');
    chmodSync(file, 0o666);
    const all = [
      { id: 'plain', cpu: 0, lines: 10_000 },
      { id: 'other', cpu: 1, lines: 10_000, size: 700 },
      { id: 'durable', cpu: 1, lines: 500, sync: true },
      { id: 'nobody', cpu: 0, lines: 10_000, uid: nobody },
    ];
    const writers = await Promise.all(all.map((options) => SteadyWriter.start(fixture, { ...options, file })));
    for (const writer of writers) writer.begin();
    for (const writer of writers) await writer.written();
    const bytes = capturedBytes(fixture.logs, file);
    assert.ok(bytes.equals(mirrored(fixture, 'app.log')), 'chunks and mirror are equal');
    for (const [index, writer] of writers.entries()) writer.assertAllIn(bytes.toString(), all[index]?.lines ?? 0);
  });

  for (const options of [[], ['untracked=native']]) {
    test(
      `take set-id bits away that they may not keep, also those that come while they write (${options})`,
      limit,
      async (t) => {
        const fixture = await mountOverUring(t, { patterns: options.length > 0 ? [] : ['app.log'], options });
        const path = fixture.path('app.log');
        appendFileSync(path, '');
        chmodSync(path, 0o666);
        const writer = await SteadyWriter.start(fixture, { id: 'w', file: path, uid: nobody });
        writer.begin();
        for (let round = 0; round < 5; round++) {
          const size = statSync(path).size;
          await eventually(() => statSync(path).size > size, { within: 10_000, what: 'a write' });
          chmodSync(path, 0o6777);
          await eventually(() => (statSync(path).mode & 0o7777) === 0o777, {
            within: 10_000,
            what: 'a mode without bits',
          });
          assert.equal(statSync(join(fixture.mirror, 'app.log')).mode & 0o7777, 0o777);
        }
        writer.stop();
        const count = await writer.written();
        writer.assertAllIn(mirrored(fixture, 'app.log').toString(), count);
      },
    );
  }

  test('find new patterns in force although other programs keep the server busy', limit, async (t) => {
    const fixture = await mountOverUring(t, { patterns: ['none.log'] });
    for (let storm = 0; storm < 6; storm++)
      startProgram(fixture, 'entry-storm', [fixture.mountpoint, `storm-${storm}`]);
    await eventually(() => mirroredStorms(fixture) > 0, { within: 10_000, what: 'a storm' });
    fixture.writeTrackfiles(`${fixture.path('app.log')}\n`);
    await untilCapture(fixture, 'app.log', true);
  });

  test('do not notice that the disk of the chunks is full', limit, async (t) => {
    const fixture = MountFixture.prepare(t, {
      patterns: ['app.log'],
      options: [smallChunks, 'transport=uring', 'minfree=0', 'full=drop-new'],
    });
    mkdirSync(fixture.logs);
    await output('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'none', fixture.logs]);
    fixture.after(() => output('umount', ['--lazy', fixture.logs]).then(() => undefined));
    await withOwnUring(true, () => fixture.remount());
    const path = fixture.path('app.log');
    const lines = 20_000;
    const writers = [await SteadyWriter.start(fixture, { id: 'old', file: path, lines, cpu: 0, size: 3000 })];
    renameSync(path, fixture.path('app.log.1'));
    writers.push(await SteadyWriter.start(fixture, { id: 'new', file: path, lines, cpu: 1, size: 700 }));
    writers.push(await SteadyWriter.start(fixture, { id: 'also-new', file: path, lines, cpu: 0, size: 100 }));
    const drain = new ChunkDrain(fixture.logs, path);
    for (const writer of writers) writer.begin();
    for (const writer of writers) assert.equal(await writer.written(), lines);
    const [old, ...others] = writers;
    old?.assertAllIn(mirrored(fixture, 'app.log.1').toString(), lines);
    for (const writer of others) writer.assertAllIn(mirrored(fixture, 'app.log').toString(), lines);
    await fixture.unmount();
    assert.notEqual((await drain.finish()).length, 0);
    assert.match(fixture.ownLog(), /ENOSPC/);
  });

  test('and chunks are equal byte by byte when SIGTERM ends the server meanwhile', limit, async (t) => {
    const fixture = await mountOverUring(t, { patterns: ['*.log'], options: [smallChunks], foreground: true });
    const names = ['a.log', 'b.log'];
    const writers = await Promise.all(
      [0, 1, 2, 3].map((cpu) =>
        SteadyWriter.start(fixture, { id: `w${cpu}`, file: fixture.path(names[cpu % 2] ?? ''), cpu }),
      ),
    );
    for (const writer of writers) writer.begin();
    await eventually(() => chunksOf(fixture.logs, fixture.path('a.log')).length > 3, {
      within: 20_000,
      what: 'chunks',
    });
    const server = fixture.foreground;
    assert.ok(server);
    server.kill('SIGTERM');
    const late = delay(20_000, 'still running', { ref: false });
    assert.equal(await Promise.race([ended(server), late]), 0);
    for (const writer of writers) assert.notEqual((await writer.outcome())[1], undefined, 'its mount is gone');
    for (const name of names) {
      const path = fixture.path(name);
      assert.ok(capturedBytes(fixture.logs, path).equals(mirrored(fixture, name)), name);
      assert.ok(chunksOf(fixture.logs, path).every(isSealed), `chunks of ${name} are sealed`);
    }
    for (const [cpu, writer] of writers.entries()) {
      const numbers = writer.linesIn(captured(fixture, names[cpu % 2] ?? ''));
      writer.assertAllIn(captured(fixture, names[cpu % 2] ?? ''), numbers.length);
      // What is not answered any more may be there or not.
      assert.ok(numbers.length - (await writer.outcome())[0] <= 1);
    }
  });
});

/** Names in the mirror that the storms have made. */
function mirroredStorms(fixture: MountFixture): number {
  return readdirSync(fixture.mirror).filter((name) => name.startsWith('storm-')).length;
}
