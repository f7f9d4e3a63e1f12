import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTrackList } from '../../src/capture/track-list.js';

const rulesOf = (text: string) =>
  parseTrackList(text).rules.map(({ line, glob, exclude }) => `${line} ${exclude ? '-' : '+'} ${glob}`);

describe('trackfiles.txt is read line by line', () => {
  const cases: [name: string, text: string, rules: string[]][] = [
    ['one glob a line', '/a\n/b/*.log\n', ['1 + /a', '2 + /b/*.log']],
    ['a missing last newline loses no character', '/var/log/syslog', ['1 + /var/log/syslog']],
    ['CRLF', '/a\r\n/b\r\n', ['1 + /a', '2 + /b']],
    ['byte-order mark', '\uFEFF/a\n', ['1 + /a']],
    ['byte-order mark before a comment', '\uFEFF# x\n/a\n', ['2 + /a']],
    ['blank lines are counted', '\n  \n/a\n', ['3 + /a']],
    ['white space around a pattern is dropped', ' \t/a b \t\n', ['1 + /a b']],
    ['comments, after white space too', '# x\n  # y\n/a#b\n', ['3 + /a#b']],
    ['an exclusion', '/a/*\n!/a/b\n', ['1 + /a/*', '2 - /a/b']],
    ['white space behind an exclamation mark', '! /a\n', ['1 - /a']],
    ['a double negation is none', '!!/a\n', ['1 + /a']],
    ['an extglob at the start is no exclusion', '!(/a|/b)\n', ['1 + !(/a|/b)']],
    ['an excluded extglob', '!!(/a)\n', ['1 - !(/a)']],
    ['an escaped exclamation mark', '/a/\\!b\n', ['1 + /a/\\!b']],
    ['an empty text', '', []],
  ];
  for (const [name, text, rules] of cases) {
    it(name, () => {
      assert.deepEqual(rulesOf(text), rules);
      assert.deepEqual(parseTrackList(text).problems, []);
    });
  }
});

describe('a bad pattern is reported by its line and ignored alone', () => {
  const cases: [name: string, pattern: string, message: RegExp][] = [
    ['unclosed bracket', '/a/[0-9', /"\/a\/\[0-9".*closing: "\]" - use "\\\]"/],
    ['unclosed parenthesis', '/a/@(b|c', /closing: "\)"/],
    ['unclosed brace', '/a/{b,c', /closing: "\}"/],
    ['unopened parenthesis', '/a/b)', /opening: "\("/],
    ['range out of order', '/a/[z-a]', /ignored: Range out of order in character class$/],
    ['longer than micromatch takes', `/${'a'.repeat(70_000)}`, /longer than 65536 characters/],
    ['NUL', '/a/\0*', /NUL/],
    ['a lone exclamation mark', '!', /no pattern/],
    // Each of these costs V8's compiler many seconds when it gets through to it.
    ['optional groups in a row', `/l/${'?(a)'.repeat(100)}${'a'.repeat(100)}b`, /more than 20 groups/],
    ['repetitions in repetitions', `/l/${'+(a|'.repeat(100)}${'b)'.repeat(100)}`, /more than 20 groups/],
    ['empty alternatives in a row', `/l/${'{a,}'.repeat(100)}${'a'.repeat(100)}b`, /more than 20 groups/],
    ['braces in a row', '{a,b}'.repeat(1000), /more than 100 pairs of braces/],
    ['classes in a row', `/${'[ab]+'.repeat(8000)}`, /more than 1000 wildcards/],
    ['backslashes that make micromatch loop for ever', '/a/*\\\\\\\\'.replace('*', '[b]'), /too complex/],
  ];
  for (const [name, pattern, message] of cases) {
    it(name, () => {
      const { rules, problems } = parseTrackList(`/before\n${pattern}\n/after\n`);
      assert.deepEqual(
        rules.map((rule) => rule.glob),
        ['/before', '/after'],
      );
      assert.equal(problems.length, 1);
      assert.deepEqual([problems[0]?.line, problems[0]?.kind], [2, 'error']);
      assert.match(problems[0]?.message ?? '', message);
      assert.ok((problems[0]?.message.length ?? 0) < 300);
    });
  }
});

describe('a pattern that can never match is used and warned about', () => {
  for (const pattern of ['var/log/a', './a', '?var/log/a', '[a]', '/var/log/', '/var/log/**/']) {
    it(pattern, () => {
      const { rules, problems } = parseTrackList(pattern);
      assert.equal(rules.length, 1);
      assert.deepEqual(
        problems.map(({ line, kind }) => [line, kind]),
        [[1, 'warning']],
      );
    });
  }
});

it('ten thousand hostile lines are refused in bounded time', { timeout: 30_000 }, () => {
  const text = `${'/a/[b]\\\\\\\\\n'.repeat(10_000)}/good\n`;
  const { rules, problems } = parseTrackList(text);
  assert.deepEqual(rules, [{ line: 10_001, glob: '/good', exclude: false }]);
  assert.equal(problems.length, 10_000);
});
