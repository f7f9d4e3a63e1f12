import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrackProblem } from '../../src/capture/track-list.js';
import { TrackListWatcher } from '../../src/capture/track-list-watcher.js';

const limitMilliseconds = 10_000;
const pollMilliseconds = 40;
/** Enough for several polls and for a change to settle. */
const quietMilliseconds = 600;

let directory: string;
let file: string;
let watcher: TrackListWatcher;
let lists: string[];
let problems: TrackProblem[];
let states: string[];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'logagg-fs-track-list-'));
  file = path.join(directory, 'trackfiles.txt');
  fs.writeFileSync(file, '/first\n');
  lists = [];
  problems = [];
  states = [];
  watcher = new TrackListWatcher({
    path: file,
    onRules: (rules) => lists.push(rules.map((rule) => (rule.exclude ? `!${rule.glob}` : rule.glob)).join(' ')),
    onProblem: (problem) => problems.push(problem),
    onState: (message) => states.push(message),
    pollMilliseconds,
  });
});

afterEach(() => {
  watcher.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + limitMilliseconds;
  while (!condition()) {
    if (performance.now() > end)
      assert.fail(`not within 10 s: ${what}; ${JSON.stringify({ lists, states, problems })}`);
    await sleep(10);
  }
}

const untilList = (list: string) => until(`the list "${list}"`, () => lists.at(-1) === list);

function watch(): void {
  watcher.readNow();
  watcher.start();
}

describe('a change takes effect', () => {
  const changes: [name: string, change: () => Promise<void> | void, list: string][] = [
    ['appended to', () => fs.appendFileSync(file, '/second\n'), '/first /second'],
    ['appended to without a last newline', () => fs.appendFileSync(file, '/second'), '/first /second'],
    ['edited in place to the same size', () => fs.writeFileSync(file, '/FIRST\n'), '/FIRST'],
    ['emptied', () => fs.truncateSync(file), ''],
    ['rewritten with a byte-order mark', () => fs.writeFileSync(file, '\uFEFF/bom\n'), '/bom'],
    ['rewritten with CRLF', () => fs.writeFileSync(file, '# x\r\n/a\r\n!/b\r\n'), '/a !/b'],
    [
      'renamed over',
      () => {
        fs.writeFileSync(`${file}.new`, '/renamed\n');
        fs.renameSync(`${file}.new`, file);
      },
      '/renamed',
    ],
    [
      'removed, and back after a while',
      async () => {
        fs.rmSync(file);
        await sleep(200);
        fs.writeFileSync(file, '/back\n');
      },
      '/back',
    ],
    [
      'replaced by a symbolic link',
      () => {
        fs.writeFileSync(`${file}.real`, '/linked\n');
        fs.rmSync(file);
        fs.symlinkSync(`${file}.real`, file);
      },
      '/linked',
    ],
  ];
  for (const [name, change, list] of changes) {
    it(name, async () => {
      watch();
      assert.deepEqual(lists, ['/first']);
      await change();
      await untilList(list);
      assert.deepEqual(problems, []);
    });
  }

  it('with the old time stamps put back', async () => {
    fs.utimesSync(file, 1_000_000, 1_000_000);
    watch();
    fs.writeFileSync(file, '/FIRST\n');
    fs.utimesSync(file, 1_000_000, 1_000_000);
    await untilList('/FIRST');
  });
});

describe('half-written lists', () => {
  it('truncated, and written after a pause: the empty list is never in force', async () => {
    watch();
    await sleep(quietMilliseconds);
    fs.truncateSync(file);
    await sleep(pollMilliseconds);
    fs.writeFileSync(file, '/written\n');
    await untilList('/written');
    assert.deepEqual(lists, ['/first', '/written']);
  });

  it('a list that is written to all the time is read nevertheless', async () => {
    watch();
    let appended = 0;
    const timer = setInterval(() => fs.appendFileSync(file, `/n${appended++}\n`), 10);
    try {
      await until('a second list', () => lists.length > 1);
    } finally {
      clearInterval(timer);
    }
  });
});

describe('what cannot be read leaves the last patterns in force and is said once', () => {
  const replacements: [name: string, replace: () => void, state: RegExp][] = [
    ['missing', () => {}, /is missing; the last patterns stay in force/],
    ['a directory', () => fs.mkdirSync(file), /is a directory/],
    ['a FIFO', () => execFileSync('mkfifo', [file]), /is not a regular file/],
    ['a loop of links', () => fs.symlinkSync(file, file), /can't be read \(ELOOP\)/],
  ];
  for (const [name, replace, state] of replacements) {
    it(name, async () => {
      watch();
      fs.rmSync(file);
      replace();
      await until('the state', () => states.some((message) => state.test(message)));
      await sleep(quietMilliseconds);
      assert.equal(states.filter((message) => state.test(message)).length, 1);
      assert.deepEqual(lists, ['/first']);

      fs.rmSync(file, { recursive: true, force: true });
      fs.writeFileSync(file, '/back\n');
      await untilList('/back');
      assert.match(states.at(-1) ?? '', /can be read again/);
    });
  }

  it('brought back with the same content: said, no new list', async () => {
    watch();
    fs.rmSync(file);
    await until('missing', () => states.length === 1);
    fs.writeFileSync(file, '/first\n');
    await until('back', () => states.length === 2);
    assert.deepEqual(lists, ['/first']);
  });

  it('too large', async () => {
    watch();
    fs.writeFileSync(file, '/a\n'.repeat(2_000_000));
    await until('the problem', () => problems.length > 0);
    await sleep(quietMilliseconds);
    assert.deepEqual(
      problems.map(({ line, kind }) => [line, kind]),
      [[0, 'error']],
    );
    assert.deepEqual(lists, ['/first']);
    fs.writeFileSync(file, '/small\n');
    await untilList('/small');
  });
});

describe('the first read', () => {
  it('a missing list has no patterns', async () => {
    fs.rmSync(file);
    watch();
    assert.deepEqual(lists, ['']);
    assert.equal(states.length, 1);
    fs.writeFileSync(file, '/new\n');
    await untilList('/new');
  });
});

describe('problems', () => {
  it('are reported once a content, by line, and the other lines are used', async () => {
    fs.writeFileSync(file, '/a\n/b[\n/c\n');
    watch();
    await sleep(quietMilliseconds);
    assert.deepEqual(lists, ['/a /c']);
    assert.deepEqual(
      problems.map((problem) => problem.line),
      [2],
    );
    fs.appendFileSync(file, '/d(\n');
    await until('the new content', () => lists.length === 2);
    assert.deepEqual(
      problems.map((problem) => problem.line),
      [2, 2, 4],
    );
  });

  it('a line in another encoding is reported and used', () => {
    fs.writeFileSync(file, Buffer.from('/a\n/l\xe9on\n/c\n', 'latin1'));
    watcher.readNow();
    assert.deepEqual(lists, ['/a /l\uFFFDon /c']);
    assert.deepEqual(
      problems.map(({ line, kind }) => [line, kind]),
      [[2, 'warning']],
    );
  });
});

describe('asked to reread', () => {
  it('an unchanged list is read and reported again', () => {
    fs.writeFileSync(file, '/a\n/b[\n');
    const longAgo = new Date(Date.now() - 10_000);
    fs.utimesSync(file, longAgo, longAgo);
    watcher.readNow();
    watcher.reread();
    assert.deepEqual(lists, ['/a', '/a']);
    assert.equal(problems.length, 2);
  });

  it('a list that was truncated and is not written yet stops nothing', async () => {
    watcher.readNow();
    fs.writeFileSync(file, '');
    watcher.reread();
    await sleep(20);
    fs.writeFileSync(file, '/second\n');
    await untilList('/second');
    assert.deepEqual(lists, ['/first', '/second']);
  });

  it('a missing list changes nothing', () => {
    watcher.readNow();
    fs.rmSync(file);
    watcher.reread();
    assert.deepEqual(lists, ['/first']);
    assert.equal(states.length, 1);
  });
});

it('a stopped watcher is silent', async () => {
  watch();
  watcher.stop();
  fs.writeFileSync(file, '/late\n');
  await sleep(quietMilliseconds);
  assert.deepEqual(lists, ['/first']);
});
