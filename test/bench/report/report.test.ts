import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContenderName } from '../contenders/contenders.js';
import { charts } from './charts.js';
import { toSvg } from './plot.js';
import { verdicts } from './reach.js';
import { type Figure, Figures, type Results, samplesOf } from './results.js';
import { markdown } from './tables.js';

type Values = Partial<Record<ContenderName, number[]>>;

function figure(name: string, values: Values, rest: Partial<Figure> = {}): Figure {
  const samples = Object.entries(values).map(([contender, list]) => samplesOf(contender as ContenderName, list));
  return { name, title: name, unit: 'µs', samples, ...rest };
}

function resultsOf(...figures: Figure[]): Results {
  const versions = { node: '20', bindfs: '1', mergerfs: '2', rsyslog: undefined, 'logagg-fs': '0' };
  return {
    date: '2026-01-02T03:04:05Z',
    machine: { cpu: 'CPU', cpus: 2, memory: 2 ** 30, load: 0.1, system: 'Linux', kernel: '6', ...versions },
    setting: { quick: true, runs: 3, time: 1 },
    writerCost: 0.3,
    groups: [{ name: 'appends', title: 'Append', figures, missing: ['native: unknown option "untracked"'] }],
  };
}

test('ratios are taken within each round, not between medians', () => {
  const results = resultsOf(figure('append-1', { plain: [1, 10, 4], uring: [2, 40, 4] }));
  assert.equal(new Figures(results).speed('append-1', 'uring', 'plain'), 0.5);
});

test('a goal is judged against the faster form of another file system, and each condition counts', () => {
  const judge = (uring: number): boolean | undefined => {
    const values = { mergerfs: [30], 'mergerfs-lean': [12], bindfs: [30], uring: [uring] };
    return verdicts(resultsOf(figure('append-1', values)))[0]?.met;
  };
  assert.equal(judge(7), true);
  assert.equal(judge(7.6), false, 'more than 7.5 µs');
  const [slower] = verdicts(resultsOf(figure('append-1', { 'mergerfs-lean': [9], mergerfs: [30], uring: [7] })));
  assert.equal(slower?.met, false, 'less than 1.5 × the faster form');
});

test('a goal of which something was not measured is met in part at most', () => {
  const judge = (values: Values): string => markdown(resultsOf(figure('append-1', values)));
  assert.match(
    judge({ 'fuse-native': [60], device: [10] }),
    /device 6\.00 × fuse-native \| yes, as far as measured \|/,
  );
  assert.match(judge({ 'fuse-native': [60], device: [10], uring: [5] }), /uring 12\.00 × fuse-native \| yes \|/);
});

test('what was not measured is neither met nor missed', () => {
  assert.deepEqual([...new Set(verdicts(resultsOf()).map(({ met }) => met))], [undefined]);
});

test('a cost that grows by more than a tenth is not flat', () => {
  const verdict = (many: number): boolean | undefined => {
    const results = resultsOf(figure('files-1', { device: [10] }), figure('files-10000', { device: [many] }));
    return verdicts(results).find(({ work }) => work === 'cost against files, patterns, chunks, device')?.met;
  };
  assert.equal(verdict(10.9), true);
  assert.equal(verdict(11.1), false);
});

test('the tables show medians with units, rates for bytes, and who was left out', () => {
  const text = markdown(
    resultsOf(
      figure('append-1', { plain: [1, 3, 2], device: [4, 5, 6] }),
      figure('append-1m', { plain: [1000] }, { bytes: 1_000_000 }),
    ),
  );
  assert.match(text, /^\| append-1 \| 2\.00 µs \| 5\.00 µs \|$/m);
  assert.match(text, /^\| append-1m \| 1\.00 GB\/s \| – \|$/m);
  assert.match(text, /^- Left out: native: unknown option "untracked"$/m);
  assert.match(text, /A quick run/);
});

test('a chart shows who was measured, and is not drawn when nobody was', () => {
  const appends = charts.find(({ name }) => name === 'appends');
  const results = resultsOf(figure('append-1', { 'mergerfs-lean': [12], device: [7] }));
  const option = appends?.draw(results);
  assert.ok(option);
  const svg = toSvg(option, results);
  assert.match(svg, /^<svg /);
  assert.match(svg, />logagg-fs, device</);
  assert.doesNotMatch(svg, />logagg-fs, io_uring</);
  assert.equal(appends?.draw(resultsOf()), undefined);
});
