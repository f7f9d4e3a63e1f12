/** `logagg-fs collect` as its users meet it: real processes on log caches made by hand. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CollectProcess, collect } from '../../harness/collect-process.js';
import { ended, eventually, run } from '../../harness/commands.js';
import { HandMadeCache } from '../../harness/hand-made-cache.js';
import { launcher, projectRoot } from '../../harness/project.js';

const limit = { timeout: 60_000 };
const soon = { within: 15_000 };
const log = '/var/log/a';

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
const idle = ['collector.pid'];

describe('collect --once', limit, () => {
  test('delivers everything, removes what is sealed with what is known about it, and exits 0', async (context) => {
    const cache = new HandMadeCache(context);
    for (let index = 0; index < 10; index++) cache.tellPath(cache.sealed(log, `${index}\n`), log);
    const { code, stdout, stderr } = await collect(context, [cache.root, '--once', '--to', 'stdout:']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(linesOf(stdout), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    assert.deepEqual(cache.chunks(), []);
    assert.deepEqual(readdirSync(cache.meta), idle);
  });

  test('delivers a live chunk once, and never removes it', async (context) => {
    const cache = new HandMadeCache(context);
    cache.sealed(log, '1\n');
    const live = cache.live(log, '2\nhal');
    const args = [cache.root, '--once', '--to', 'stdout:'];
    assert.equal((await collect(context, args)).stdout, '1\n2\n');
    assert.deepEqual(cache.chunks(), [live]);
    assert.equal((await collect(context, args)).stdout, '');
    cache.append(live, 'f\n');
    assert.equal((await collect(context, args)).stdout, 'half\n');
    cache.append(live, 'no newline');
    cache.seal(live);
    assert.equal((await collect(context, args)).stdout, 'no newline\n');
    assert.deepEqual(cache.chunks(), []);
    assert.deepEqual(readdirSync(cache.meta), idle);
  });

  test('any bytes arrive as they are', async (context) => {
    const cache = new HandMadeCache(context);
    const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0d, 0x0a, 0x80, 0x0a]);
    cache.sealed(log, bytes);
    const out = cache.path('out');
    assert.equal((await collect(context, [cache.root, '--once', '--to', `file://${out}`])).code, 0);
    assert.deepEqual(readFileSync(out), bytes);
  });

  test('each of several destinations gets everything', async (context) => {
    const cache = new HandMadeCache(context);
    cache.sealed(log, 'x\n');
    const [a, b] = [cache.path('a'), cache.path('b')];
    const { code } = await collect(context, [cache.root, '--once', '--to', `file://${a}`, '--to', `file://${b}`]);
    assert.equal(code, 0);
    assert.deepEqual([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')], ['x\n', 'x\n']);
    assert.deepEqual(cache.chunks(), []);
  });

  test('noisy logs keep no other waiting', async (context) => {
    const cache = new HandMadeCache(context);
    const noise = `${'x'.repeat(99)}\n`.repeat(5000);
    const noisy = 12;
    for (let index = 0; index < 3 * noisy; index++) cache.sealed(`/var/log/noisy${index % noisy}`, noise);
    const quiet = Array.from({ length: 20 }, (_, index) => `quiet ${index}`);
    for (const line of quiet) cache.sealed(`/var/log/${line}`, `${line}\n`);
    const { stdout } = await collect(context, [cache.root, '--once', '--to', 'stdout:']);
    assert.equal(stdout.length, 3 * noisy * noise.length + quiet.join('\n').length + 1);
    // After one turn of each noisy log, and a little for lines that end behind it.
    const turns = noisy * 256 * 1024 * 1.2;
    for (const line of quiet) assert.ok(stdout.indexOf(`${line}\n`) < turns, line);
  });

  test('shows a progress bar on a terminal', async (context) => {
    const cache = new HandMadeCache(context);
    cache.sealed(log, 'x\n'.repeat(1000));
    const command = `${launcher} collect ${cache.root} --once --to file://${cache.path('out')}`;
    const { code, stdout } = await run('script', ['-qec', command, '/dev/null'], { timeout: 20_000 });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /100% \| 2\.0 kB of 2\.0 kB \| .*\/s \|/);
  });

  test('records carry what meta/ tells; what is wrong in it costs no line', async (context) => {
    const cache = new HandMadeCache(context);
    const chunk = cache.sealed(log, 'a\nb\nc\n');
    const first = { offset: 0, time: '1763700000123456789', pid: 12, uid: 0, gid: 0, command: 'rsyslogd -n' };
    const second = { ...first, offset: 4, time: '1763700001000000000', pid: 13, uid: 65534 };
    cache.provenance(chunk, { version: 1, path: log }, first, 'garbage', second, '{"offset":5,"ti');
    const { stdout } = await collect(context, [cache.root, '--once', '--to', 'stdout:', '--format', 'ndjson']);
    const records = linesOf(stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      records.map(({ message, path, id }) => [message, path, id]),
      [
        ['a', log, `${chunk.slice(0, -4)}:0`],
        ['b', log, `${chunk.slice(0, -4)}:2`],
        ['c', log, `${chunk.slice(0, -4)}:4`],
      ],
    );
    assert.match(stdout, /rsyslogd -n/);
    assert.match(stdout, /root/);
  });

  test('a damaged file of progress is set aside and reported, and lines are repeated rather than lost', async (context) => {
    const cache = new HandMadeCache(context);
    const live = cache.live(log, '1\n');
    const args = [cache.root, '--once', '--to', 'stdout:'];
    await collect(context, args);
    const [journal = ''] = readdirSync(cache.meta).filter((name) => name.endsWith('.journal'));
    writeFileSync(join(cache.meta, journal), 'rubbish\n');
    cache.append(live, '2\n');
    const { code, stdout, stderr } = await collect(context, args);
    assert.equal(code, 0);
    assert.deepEqual(linesOf(stdout), ['1', '2']);
    assert.match(stderr, /progress of stdout: was damaged/);
    assert.equal(readdirSync(cache.meta).filter((name) => name.includes('.corrupt-')).length, 1);
  });
});

describe('collect', limit, () => {
  test('follows: delivers what is written, and removes chunks that are sealed', async (context) => {
    const cache = new HandMadeCache(context);
    const collector = new CollectProcess(context, [cache.root, '--to', 'stdout:', '--batch-seconds', '0.1']);
    const live = cache.live(log, '1\n2');
    await eventually(() => collector.delivered === '1\n', soon);
    cache.append(live, '2\n');
    await eventually(() => collector.delivered === '1\n22\n', soon);
    cache.append(live, 'tail');
    cache.seal(live);
    await eventually(() => collector.delivered === '1\n22\ntail\n', soon);
    await eventually(() => cache.chunks().length === 0, soon);
    collector.kill('SIGTERM');
    assert.equal((await collector.end()).code, 0);
    assert.deepEqual(readdirSync(cache.meta), idle);
  });

  test('a chunk that is put back is delivered, and not taken for one that was', async (context) => {
    const cache = new HandMadeCache(context);
    const old = cache.sealed(log, 'old\n');
    const saved = readFileSync(join(cache.logs, old));
    rmSync(join(cache.logs, old));
    const live = cache.live(log, 'live\n');
    const collector = new CollectProcess(context, [cache.root, '--to', 'stdout:', '--batch-seconds', '0']);
    await eventually(() => collector.delivered === 'live\n', soon);
    writeFileSync(join(cache.logs, old), saved, { mode: 0o400 });
    await eventually(() => collector.delivered === 'live\nold\nlive\n', soon);
    await eventually(() => cache.chunks().length === 1, soon);
    assert.deepEqual(cache.chunks(), [live]);
    assert.match(collector.stderr, /came back/);
  });

  test('a second collector on the same log cache is refused, with the pid of the first', async (context) => {
    const cache = new HandMadeCache(context);
    const first = new CollectProcess(context, [cache.root, '--to', 'stdout:']);
    await eventually(() => first.stderr.includes('collecting'), soon);
    const { code, stdout, stderr } = await collect(context, [cache.root, '--once', '--to', 'stdout:']);
    assert.equal(
      stderr,
      `logagg-fs: ${cache.root} is drained by another collector already (process ${first.child.pid}); end it first\n`,
    );
    assert.deepEqual([code, stdout], [4, '']);
  });

  test('a destination that is away does not stop the others, and gets everything later', async (context) => {
    const cache = new HandMadeCache(context);
    const away = cache.path('away');
    const out = cache.path('out');
    // Leads nowhere: no folder can be made there.
    symlinkSync(join(cache.path('nowhere'), 'deep'), away);
    for (let index = 0; index < 100; index++) cache.sealed(log, `${index}\n`);
    const args = [cache.root, '--to', `file://${away}/out`, '--to', `file://${out}`, '--batch-seconds', '0'];
    const collector = new CollectProcess(context, args);
    await eventually(() => linesOf(readFileSync(out, 'utf8')).length === 100, soon);
    assert.equal(cache.chunks().length, 100);
    assert.match(collector.stderr, /will retry/);
    collector.kill('SIGTERM');
    assert.equal((await collector.end()).code, 0);
    rmSync(away);
    cache.sealed(log, 'last\n');
    assert.equal((await collect(context, [...args, '--once'])).code, 0);
    const expected = [...Array.from({ length: 100 }, (_, index) => String(index)), 'last'];
    assert.deepEqual(linesOf(readFileSync(join(away, 'out'), 'utf8')), expected);
    assert.deepEqual(linesOf(readFileSync(out, 'utf8')), expected);
    assert.deepEqual(cache.chunks(), []);
  });

  test('SIGTERM ends it although nobody reads what it writes; what was not taken is kept', async (context) => {
    const cache = new HandMadeCache(context);
    const line = `${'x'.repeat(99)}\n`;
    cache.sealed(log, line.repeat(50_000));
    const collector = new CollectProcess(context, [cache.root, '--to', 'stdout:'], { stdout: 'ignored' });
    await eventually(() => collector.stderr.includes('collecting'), soon);
    // Long enough for the pipe to be full.
    await delay(500);
    collector.kill('SIGTERM');
    await eventually(() => collector.child.exitCode !== null || collector.child.signalCode !== null, soon);
    assert.equal(collector.child.exitCode, 0);
    const { stdout } = await collect(context, [cache.root, '--once', '--to', 'stdout:']);
    assert.ok(linesOf(stdout).length >= 50_000 - 2000, `${linesOf(stdout).length} lines`);
  });

  test('a reader that goes away ends it quietly, and what it did not take is kept', async (context) => {
    const cache = new HandMadeCache(context);
    const line = `${'x'.repeat(99)}\n`;
    cache.sealed(log, line.repeat(50_000));
    const pipeline = spawn('/bin/sh', [
      '-c',
      `${launcher} collect ${cache.root} --to stdout: 2>${cache.path('err')} | head -n 1; :`,
    ]);
    await ended(pipeline);
    await eventually(() => readFileSync(cache.path('err'), 'utf8').includes('"ended"'), soon);
    assert.doesNotMatch(readFileSync(cache.path('err'), 'utf8'), /error|fatal|EPIPE/i);
    const { code, stdout } = await collect(context, [cache.root, '--once', '--to', 'stdout:']);
    assert.equal(code, 0);
    assert.ok(linesOf(stdout).length > 20_000);
  });
});

describe('the configuration of a collector', limit, () => {
  const configOf = (out: string, pattern: string): string =>
    `destinations:\n  out:\n    url: file://${out}\nroutes:\n  - paths: ['${pattern}']\n    to: [out]\n`;

  test('routes by path; what no route takes is kept and reported', async (context) => {
    const cache = new HandMadeCache(context);
    cache.tellPath(cache.sealed('/var/log/a', 'a\n'), '/var/log/a');
    cache.sealed('/var/log/a', 'a2\n');
    const other = cache.sealed('/var/log/b', 'b\n');
    cache.tellPath(other, '/var/log/b');
    const config = cache.path('collector.yaml');
    writeFileSync(config, configOf(cache.path('out'), '/var/log/a*'));
    const { code, stderr } = await collect(context, [cache.root, '--once', '--config', config]);
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(cache.path('out'), 'utf8'), 'a\na2\n');
    assert.deepEqual(cache.chunks(), [other]);
    assert.match(stderr, /no route takes/);
  });

  test('a log whose path becomes known later is routed then', async (context) => {
    const cache = new HandMadeCache(context);
    const chunk = cache.sealed('/var/log/a', 'a\n');
    const config = cache.path('collector.yaml');
    writeFileSync(config, configOf(cache.path('out'), '/var/log/a'));
    const collector = new CollectProcess(context, [cache.root, '--config', config]);
    await eventually(() => /no route takes/.test(collector.stderr), soon);
    cache.tellPath(chunk, '/var/log/a');
    await eventually(() => cache.chunks().length === 0, soon);
    assert.equal(readFileSync(cache.path('out'), 'utf8'), 'a\n');
  });

  test('a route without destinations throws away', async (context) => {
    const cache = new HandMadeCache(context);
    cache.sealed('/var/log/a', 'a\n');
    const live = cache.live('/var/log/a', 'a\n');
    const config = cache.path('collector.yaml');
    writeFileSync(config, 'destinations: {}\nroutes:\n  - to: []\n');
    const collector = new CollectProcess(context, [cache.root, '--config', config]);
    await eventually(() => cache.chunks().length === 1, soon);
    cache.append(live, 'b\n');
    assert.deepEqual(cache.chunks(), [live], 'what is being written stays');
    cache.seal(live);
    await eventually(() => cache.chunks().length === 0, soon);
    collector.kill('SIGTERM');
    assert.equal((await collector.end()).code, 0);
  });

  test('what is wrong is one line each with file, line and key, and nothing is collected', async (context) => {
    const cache = new HandMadeCache(context);
    const chunk = cache.sealed(log, 'a\n');
    const config = cache.path('collector.yaml');
    writeFileSync(
      config,
      'destinations:\n  out:\n    url: "stdout:"\n    fromat: raw\nroutes:\n  - to: [out]\n    rate: -1\n',
    );
    const { code, stdout, stderr } = await collect(context, [cache.root, '--once', '--config', config]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.deepEqual(
      linesOf(stderr)
        .map((line) => line.replace(/: [A-Z].*/, ''))
        .sort(),
      [
        `logagg-fs: ${config}:4: destinations.out.fromat: there is no such key`,
        `logagg-fs: ${config}:7: routes[0].rate`,
      ],
    );
    assert.deepEqual(cache.chunks(), [chunk]);
  });

  test('a change is taken over without a restart; a wrong one is reported and changes nothing', async (context) => {
    const cache = new HandMadeCache(context);
    const config = cache.path('collector.yaml');
    writeFileSync(config, configOf(cache.path('first'), '**'));
    const collector = new CollectProcess(context, [cache.root, '--config', config, '--batch-seconds', '0']);
    cache.sealed(log, '1\n');
    await eventually(() => readFileSync(cache.path('first'), 'utf8') === '1\n', soon);
    writeFileSync(config, 'destinations: [\n');
    await eventually(() => /the last one stays in force/.test(collector.stderr), soon);
    cache.sealed(log, '2\n');
    await eventually(() => readFileSync(cache.path('first'), 'utf8') === '1\n2\n', soon);
    writeFileSync(`${config}.new`, configOf(cache.path('second'), '**'));
    renameSync(`${config}.new`, config);
    await eventually(
      () =>
        /is in force/.test(
          collector.stderr
            .split('\n')
            .filter((line) => line.includes('"info"'))
            .join(''),
        ),
      soon,
    );
    cache.sealed(log, '3\n');
    await eventually(() => readFileSync(cache.path('second'), 'utf8') === '3\n', soon);
    assert.equal(readFileSync(cache.path('first'), 'utf8'), '1\n2\n');
    rmSync(config);
    cache.sealed(log, '4\n');
    await eventually(() => readFileSync(cache.path('second'), 'utf8') === '3\n4\n', soon);
  });
});

describe('the command line', limit, () => {
  const mistakes: readonly [name: string, args: string[], words: RegExp, code?: number][] = [
    ['no destination', ['root'], /--to URL or --config FILE/],
    ['both ways to say where', ['root', '--to', 'stdout:', '--config', 'x'], /--config already says/],
    ['an unknown format', ['root', '--to', 'stdout:', '--format', 'xml'], /xml/],
    ['an unknown destination', ['root', '--to', 'gopher://x'], /gopher/],
    ['a size that is none', ['root', '--to', 'stdout:', '--batch-bytes', 'many'], /from 1k to 64m/],
    ['a folder that is no log cache', ['.', '--to', 'stdout:'], /is not a log cache/, 3],
  ];
  for (const [name, args, words, expected = 2] of mistakes) {
    test(`${name}: exit code ${expected} and one line`, async (context) => {
      const cache = new HandMadeCache(context);
      const given = args.map((value) => (value === 'root' ? cache.root : value === '.' ? cache.folder : value));
      const { code, stdout, stderr } = await collect(context, given);
      assert.match(stderr, /^logagg-fs: [^\n]+\n$/);
      assert.match(stderr, words);
      assert.deepEqual([code, stdout], [expected, '']);
    });
  }

  test('a password in a URL is refused and not shown', async (context) => {
    const cache = new HandMadeCache(context);
    const { code, stderr } = await collect(context, [cache.root, '--to', 'https://me:secret@example.org/']);
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /secret/);
  });

  test('--help says how to', async (context) => {
    const { code, stdout } = await collect(context, ['--help']);
    assert.equal(code, 0);
    for (const words of ['--to <URL>', '--once', 'stdout:', 'Exit codes', 'Examples'])
      assert.ok(stdout.includes(words), words);
  });

  test('collecting loads nothing of the mount, and mounting nothing of the collector', async (context) => {
    const cache = new HandMadeCache(context);
    const coverage = cache.path('coverage');
    // The modules that the bundles are made of: an import that is made when it is needed stays one.
    const load = (...args: string[]): Promise<unknown> => {
      const program = [join(projectRoot, 'dist/src/cli.js'), ...args];
      return ended(spawn(process.execPath, program, { env: { NODE_V8_COVERAGE: coverage }, stdio: 'ignore' }));
    };
    await load('collect', cache.root, '--once', '--to', 'stdout:');
    const loaded = loadedFiles(coverage);
    assert.ok(loaded.some((file) => file.startsWith('collector/')));
    assert.deepEqual(
      loaded.filter((file) => /^(?:fuse|mirror|daemon)\//.test(file)),
      [],
    );
    rmSync(coverage, { recursive: true });
    await load('missing', '-o', `root=${cache.path('r')}`);
    assert.deepEqual(
      loadedFiles(coverage).filter((file) => file.startsWith('collector/')),
      ['collector/formats/format.js'],
    );
  });
});

/** Modules of `src/` that a process has loaded, from its coverage. */
function loadedFiles(folder: string): string[] {
  const prefix = `file://${join(projectRoot, 'dist/src')}/`;
  const files = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url).filter((url) => url.startsWith(prefix));
  });
  return files.map((url) => url.slice(prefix.length)).sort();
}
