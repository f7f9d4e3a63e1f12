import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatternSet } from '../../src/capture/pattern-set.js';
import { parseTrackList, type TrackProblem } from '../../src/capture/track-list.js';

function patternSet(lines: readonly string[]): { set: PatternSet; problems: TrackProblem[] } {
  const problems: TrackProblem[] = [];
  const { rules } = parseTrackList(lines.join('\n'));
  return { set: new PatternSet(rules, (problem) => problems.push(problem)), problems };
}

describe('which paths a list tracks', () => {
  const cases: [name: string, lines: string[], tracked: string[], untracked: string[]][] = [
    ['nothing', [], [], ['/a', '/']],
    ['a literal path', ['/var/log/a.log'], ['/var/log/a.log'], ['/var/log/aXlog', '/var/log/a.log2', '/var/log']],
    ['a literal path with signs', ['/l/c++ $x^@1!.log'], ['/l/c++ $x^@1!.log'], ['/l/cc $x^@1!.log']],
    ['an escaped literal', ['/l/a\\*\\ \\[1\\]'], ['/l/a* [1]'], ['/l/ab [1]']],
    ['a file named like the glob', ['/l/a[1].log'], ['/l/a1.log', '/l/a[1].log'], ['/l/a2.log']],
    ['a file named like a costly glob', ['/l/+(a)'], ['/l/aa', '/l/+(a)'], ['/l/+(b)']],
    ['*', ['/l/*.log'], ['/l/a.log', '/l/.log', '/l/.a.log'], ['/l/a/b.log', '/l/a.log.1']],
    ['* finds dot-files', ['/l/*'], ['/l/.hidden', '/l/a'], ['/l/a/b', '/l']],
    ['** finds dot-directories', ['/l/**/*.log'], ['/l/a.log', '/l/.a/b/.c.log'], ['/m/a.log', '/l/a.txt']],
    ['** at the end', ['/l/**'], ['/l/a', '/l/a/b/c', '/l'], ['/la', '/m']],
    ['** at the start', ['**/*.log'], ['/a.log', '/l/m/a.log'], ['/a.txt']],
    ['?', ['/l/a?'], ['/l/ab'], ['/l/a', '/l/abc', '/l/a/']],
    ['a character class', ['/l/[0-9][!a]'], ['/l/1b'], ['/l/1a', '/l/xb']],
    ['a POSIX class', ['/l/[[:digit:]]x'], ['/l/7x'], ['/l/ax']],
    ['braces', ['{/l/a.log,/l/b/*.log}'], ['/l/a.log', '/l/b/x.log'], ['/l/b.log', '/l/b/c/x.log']],
    ['nested braces', ['/l/{a,b{c,d}}'], ['/l/a', '/l/bd'], ['/l/b']],
    ['a range of numbers', ['/l/{1..12}.log'], ['/l/1.log', '/l/12.log'], ['/l/0.log', '/l/13.log']],
    ['a padded range', ['/l/{08..11}'], ['/l/08', '/l/11'], ['/l/8', '/l/12']],
    ['a range with a step', ['/l/{1..10..3}'], ['/l/4', '/l/10'], ['/l/2']],
    ['a range of letters', ['/l/{a..c}x'], ['/l/bx'], ['/l/dx']],
    ['@(…)', ['/l/@(a|b).log'], ['/l/a.log'], ['/l/c.log', '/l/ab.log']],
    ['+(…)', ['/l/+(ab|c)'], ['/l/abcab'], ['/l/', '/l/a']],
    ['?(…)', ['/l/a?(b)'], ['/l/a', '/l/ab'], ['/l/abb']],
    ['!(…)', ['/l/!(*.gz)'], ['/l/a'], ['/l/a.gz']],
    ['!(…) at the start', ['!(/l/a)'], ['/l/b'], ['/l/a']],
    ['an exclusion', ['/l/*', '!/l/a'], ['/l/b'], ['/l/a']],
    ['a later line includes again', ['/l/*', '!/l/a*', '/l/ab'], ['/l/b', '/l/ab'], ['/l/aa']],
    ['an exclusion before what it excludes has no effect', ['!/l/a', '/l/*'], ['/l/a'], []],
    ['a literal line, excluded by a costly one', ['/l/a', '!/l/+(a|b)'], [], ['/l/a', '/l/b']],
    ['a costly line, excluded by a literal one', ['/l/+(a|b)', '!/l/a'], ['/l/b'], ['/l/a']],
    ['a costly line between quick ones', ['/l/*', '!/l/+(a|b)', '/l/b*'], ['/l/c', '/l/b'], ['/l/a']],
    ['the same line, included and excluded', ['/l/a', '!/l/a'], [], ['/l/a']],
    ['only exclusions', ['!/l/a'], [], ['/l/a', '/l/b']],
    ['an alternative without parentheses', ['/l/a|/m/[b]'], ['/l/a', '/m/b'], ['/l/b']],
    ['non-ASCII', ['/l/é?*'], ['/l/éàb'], ['/l/e']],
    ['undecodable names', ['/l/*.log'], ['/l/\uFFFD.log'], []],
  ];
  for (const [name, lines, tracked, untracked] of cases) {
    it(name, () => {
      const { set, problems } = patternSet(lines);
      // Twice: decided, and remembered.
      for (const round of [1, 2]) {
        for (const path of tracked) assert.equal(set.tracks(path), true, `${path}, round ${round}`);
        for (const path of untracked) assert.equal(set.tracks(path), false, `${path}, round ${round}`);
      }
      assert.deepEqual(problems, []);
    });
  }
});

describe('a pathological pattern does not hold up the thread', () => {
  const manyA = 'a'.repeat(200);
  const cases: [name: string, pattern: string, path: string][] = [
    ['overlapping repetitions', '/l/+(ab|a|b)c', `/l/${'ab'.repeat(100)}d`],
    ['a quantified group', '/l/(a+)+b', `/l/${manyA}c`],
    ['two stars on a name that no file system has', '/l/*a*b', `/l/${'a'.repeat(200_000)}c`],
    ['many stars', '/l/*a*a*a*a*a*a*a*b', `/l/${manyA}c`],
    ['many globstars', '/**/a/**/a/**/a/**/a/**/b', '/a'.repeat(2000)],
    ['many braces', `/l/${'{a,aa}'.repeat(60)}b`, `/l/${'a'.repeat(90)}c`],
    ['stars in many directories', '/*a*/*a*/*a*/*a*/*a*/b', `${`/${manyA}`.repeat(5)}/c`],
    ['repetitions in a row', `/l/${'+(a|ab|b)'.repeat(20)}c`, `/l/${'ab'.repeat(100)}d`],
  ];
  for (const [name, pattern, path] of cases) {
    it(`${name}: set aside for good, reported once`, { timeout: 20_000 }, () => {
      const { set, problems } = patternSet(['/l/good', pattern, '/l/late*']);
      assert.equal(set.tracks(path), false);
      assert.equal(set.tracks(`${path}c`), false);
      assert.deepEqual(
        problems.map(({ line, kind }) => [line, kind]),
        [[2, 'error']],
      );
      assert.equal(set.tracks('/l/good'), true);
      assert.equal(set.tracks('/l/late1'), true);
    });
  }

  const harmless: [name: string, pattern: string, path: string, tracked: boolean][] = [
    ['repetitions that micromatch disarms', '/var/log/+(+(a|aa)|a)b*', `/var/log/${manyA}c`, false],
    ['a brace bomb', '/l/{a..z}{a..z}{a..z}{a..z}', '/l/abcd', true],
    ['a huge range', '/l/{1..99999999999}', '/l/123456', true],
    [
      'a long list of names',
      `/l/{${Array.from({ length: 8_000 }, (_, n) => `n${n}`).join(',')}}.log`,
      '/l/n7999.log',
      true,
    ],
    ['a name that no file system has', '/l/*a*a*b', `/l/${'a'.repeat(4000)}b`, true],
  ];
  for (const [name, pattern, path, tracked] of harmless) {
    it(`${name}: decided`, { timeout: 20_000 }, () => {
      const { set, problems } = patternSet([pattern]);
      assert.equal(set.tracks(path), tracked);
      assert.deepEqual(problems, []);
    });
  }

  it('a thousand of them at once', { timeout: 30_000 }, () => {
    const { set, problems } = patternSet(Array.from({ length: 1000 }, (_, index) => `/l/(a+)+b${index}`));
    assert.equal(set.tracks(`/l/${manyA}c`), false);
    assert.equal(new Set(problems.map((problem) => problem.line)).size, 1000);
    assert.equal(problems.length, 1000);
  });

  it('a good pattern of the same kind stays in use', { timeout: 20_000 }, () => {
    const { set } = patternSet(['/l/+(x|y).log', '/l/(a+)+b']);
    assert.equal(set.tracks(`/l/${manyA}c`), false);
    assert.equal(set.tracks('/l/xyx.log'), true);
  });

  it('a pattern that cannot be compiled in time is reported, not thrown', { timeout: 20_000 }, () => {
    const problems: TrackProblem[] = [];
    const rules = [{ line: 7, glob: '/a/[b]\\\\\\\\', exclude: false }];
    const set = new PatternSet(rules, (problem) => problems.push(problem));
    assert.equal(set.tracks('/a/b'), false);
    assert.deepEqual(
      problems.map((problem) => problem.line),
      [7],
    );
  });
});

it('ten thousand literal lines decide a hundred thousand paths', { timeout: 20_000 }, () => {
  const { set } = patternSet(Array.from({ length: 10_000 }, (_, index) => `/l/${index}.log`));
  let tracked = 0;
  for (let index = 0; index < 100_000; index++) if (set.tracks(`/l/${index}.log`)) tracked += 1;
  assert.equal(tracked, 10_000);
});

it('a set that is compiled bit by bit decides like one compiled at once', () => {
  const rules = Array.from({ length: 500 }, (_, index) => ({
    line: index + 1,
    glob: `/d${index}/*.log`,
    exclude: false,
  }));
  const set = new PatternSet(rules, ({ message }) => assert.fail(message), false);
  let bits = 1;
  while (!set.compileFor(0)) bits++;
  assert.equal(bits, rules.length);
  assert.ok(set.tracks('/d0/a.log') && set.tracks('/d499/a.log') && !set.tracks('/d500/a.log'));
  assert.ok(set.compileFor(0));
});
