/** Our own log: lines, levels, and a path that always shows the newest file. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type LogSettings, openLog } from '../../src/observability/log.js';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logagg-log-'));
  path = join(directory, 'fuse.log');
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Writes numbered lines, one each turn of the event loop, as a server does. */
async function writeLines(settings: Partial<LogSettings>, from: number, to: number): Promise<void> {
  const log = await openLog({ level: 'info', destination: path, ...settings });
  for (let number = from; number <= to; number++) {
    log.logger.info({ number }, 'line');
    await nextTurn();
    assert.equal(lastNumber(path), number, 'the path shows the line that was just written');
  }
  await log.close();
}

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The last line in the path or, right after a roll, in the file before. */
function lastNumber(file: string): unknown {
  const current = linesOf(file).at(-1);
  if (current !== undefined) return current.number;
  const roll = Number(/\.(\d+)\.log$/.exec(readlinkSync(file))?.[1]);
  return linesOf(join(directory, `fuse.${roll - 1}.log`)).at(-1)?.number;
}

function numberedFiles(): string[] {
  return readdirSync(directory).filter((name) => /^fuse\.\d+\.log$/.test(name));
}

describe('lines', () => {
  test('are JSON with an ISO time, the name of the level and the pid', async () => {
    const log = await openLog({ level: 'debug', destination: path });
    log.logger.debug({ key: 'value' }, 'text');
    const [line] = linesOf(path);
    await log.close();
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual({ ...line, time: '' }, { level: 'debug', time: '', pid: process.pid, key: 'value', msg: 'text' });
  });

  test('below the level are left out', async () => {
    const log = await openLog({ level: 'warn', destination: path });
    log.logger.info('no');
    log.logger.warn('yes');
    log.logger.fatal('yes');
    await log.close();
    assert.deepEqual(
      linesOf(path).map(({ level }) => level),
      ['warn', 'fatal'],
    );
  });

  test('are written when the call returns', async () => {
    const log = await openLog({ level: 'info', destination: path });
    for (let number = 0; number < 100; number++) log.logger.info({ number }, 'line');
    assert.equal(linesOf(path).length, 100);
    await log.close();
  });

  test('after close are dropped without an error', async () => {
    const log = await openLog({ level: 'info', destination: path });
    const child = log.logger.child({ part: 'x' });
    const closed = log.close();
    child.error('late');
    await closed;
    log.logger.error('late');
    await log.close();
    assert.deepEqual(linesOf(path), []);
  });

  test('go to stderr without a path', () => {
    const module = new URL('../../src/observability/log.js', import.meta.url).href;
    const script = `const { openLog } = await import(${JSON.stringify(module)});
      const log = await openLog({ level: 'info', destination: undefined });
      log.logger.info('hello');
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(child.signal, 'SIGKILL');
    assert.equal(JSON.parse(child.stderr).msg, 'hello');
    assert.equal(child.stdout, '');
  });
});

describe('the path', () => {
  test('always shows the current file while the log rolls', async () => {
    await writeLines({ rollBytes: 1000 }, 1, 200);
    assert.equal(numberedFiles().length, 3);
    assert.deepEqual(readdirSync(directory).length, 4);
    assert.ok(lstatSync(path).isSymbolicLink());
  });

  test('shows the current file after a restart, and files stay bounded', async () => {
    await writeLines({ rollBytes: 400, keptFiles: 2 }, 1, 20);
    await writeLines({ rollBytes: 400, keptFiles: 2 }, 21, 40);
    assert.equal(lastNumber(path), 40);
    assert.equal(numberedFiles().length, 2);
  });

  test('kept files hold the newest lines without a gap', async () => {
    await writeLines({ rollBytes: 1000 }, 1, 100);
    const byNumber = numberedFiles().sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]));
    const numbers = byNumber.flatMap((name) => linesOf(join(directory, name)).map(({ number }) => Number(number)));
    assert.ok(numbers.length > 10);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => 101 - numbers.length + index),
    );
  });

  test('keeps the content of a regular file as .old', async () => {
    writeFileSync(path, 'before\n');
    await writeLines({}, 1, 1);
    assert.equal(readFileSync(`${path}.old`, 'utf8'), 'before\n');
    assert.ok(lstatSync(path).isSymbolicLink());
  });

  test('leaves files alone that only have a similar name', async () => {
    for (const name of ['fuse-2.log', 'fuse.x.log', 'fusex3.log', 'xfuse.1.log'])
      writeFileSync(join(directory, name), name);
    await writeLines({ rollBytes: 200 }, 1, 30);
    for (const name of ['fuse-2.log', 'fuse.x.log', 'fusex3.log', 'xfuse.1.log']) {
      assert.equal(readFileSync(join(directory, name), 'utf8'), name);
    }
  });

  test("follows somebody else's symlink", async () => {
    mkdirSync(join(directory, 'far'));
    symlinkSync('far/own.log', path);
    const log = await openLog({ level: 'info', destination: path });
    log.logger.info('x');
    await log.close();
    assert.equal(readlinkSync(path), 'far/own.log');
    assert.equal(readlinkSync(join(directory, 'far/own.log')), 'own.1.log');
    assert.equal(linesOf(path).length, 1);
  });

  for (const name of ['own', 'own.txt', 'own.1', 'own.', '.log', 'a b.log', 'own.1.log', 'x.y/own']) {
    test(`may be called ${name}`, async () => {
      const unusual = join(directory, name);
      for (let restart = 0; restart < 2; restart++) {
        const log = await openLog({ level: 'info', destination: unusual });
        log.logger.info('x');
        await log.close();
      }
      assert.equal(linesOf(unusual).length, 2);
      assert.match(readlinkSync(unusual), new RegExp(`^${basename(name, '.log').replaceAll('.', '\\.')}.*\\.1\\.log$`));
    });
  }

  test('gets its directory and is closed to others', async () => {
    path = join(directory, 'new/deep/fuse.log');
    await writeLines({}, 1, 1);
    assert.equal(statSync(path).mode & 0o137, 0);
    assert.equal(statSync(join(directory, 'new/deep')).mode & 0o027, 0);
  });

  test('that is a device stays one', async () => {
    const log = await openLog({ level: 'info', destination: '/dev/null' });
    log.logger.info('x');
    await log.close();
    assert.ok(lstatSync('/dev/null').isCharacterDevice());
  });

  for (const [reason, place] of [
    ['a directory', '.'],
    ['below a file', 'file/own.log'],
    ['refused by pino-roll', 'a:b.log'],
  ] as const) {
    test(`that is ${reason} is an error with a clear line`, async () => {
      writeFileSync(join(directory, 'file'), '');
      await assert.rejects(openLog({ level: 'info', destination: join(directory, place) }), {
        name: 'LogaggError',
        code: 'LOGAGG_LOGFILE',
        message: /^logfile=[^\n]+$/,
      });
    });
  }
});

test('a log that can no longer be written neither throws nor stops the caller', () => {
  const module = new URL('../../src/observability/log.js', import.meta.url).href;
  const script = `const { openLog } = await import(${JSON.stringify(module)});
    const log = await openLog({ level: 'info', destination: '/dev/full' });
    for (let number = 0; number < 20_000; number++) log.logger.info({ number }, 'x'.repeat(100));
    await log.close();
    console.log('still here');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(child.stdout, 'still here\n', child.stderr);
  assert.equal(child.status, 0);
});
