/**
 * The charts of the report.
 *
 * Guarantees: pure functions of the results; how they look is up to `plot.ts`.
 */
import type { EChartsOption } from 'echarts';
import type { ContenderName } from '../contenders/contenders.js';
import { type Plot, plotOption } from './plot.js';
import type { Results } from './results.js';

/** A chart by its file name. */
export interface Chart {
  readonly name: string;
  /** Undefined when there is nothing to show. */
  draw(results: Results): EChartsOption | undefined;
}

/** Three digits or so. */
const short = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** What another's speed is, in percent of a base's. */
const percentOf =
  (base: ContenderName): Plot['value'] =>
  (figures, figure, contender) => {
    const ratio = figures.speed(figure, contender, base);
    return ratio === undefined ? undefined : ratio * 100;
  };

const median: Plot['value'] = (figures, figure, contender) => figures.median(figure, contender);

/** MB/s of a figure that has bytes. */
const megabytes: Plot['value'] = (figures, figure, contender) => {
  const [value, bytes] = [figures.median(figure, contender), figures.get(figure)?.bytes ?? 128];
  return value === undefined ? undefined : bytes / value;
};

const plots: Readonly<Record<string, Plot>> = {
  appends: {
    title: 'Append of 128 bytes',
    subtitle:
      'Time of one append, of all writers together; less is better. logagg-fs captures each append as well (↑: bar cut off).',
    unit: 'µs an append',
    categories: [
      { label: '1 writer,\none CPU', figure: 'append-1-pinned' },
      { label: '1 writer,\nfree', figure: 'append-1' },
      { label: '4 writers,\nfree', figure: 'append-4' },
      { label: '16 writers,\nfree', figure: 'append-16' },
    ],
    contenders: ['plain', 'bindfs-lean', 'mergerfs-lean', 'fuse-native', 'device', 'uring'],
    outlier: 'fuse-native',
    value: median,
    digits: short,
  },
  sizes: {
    title: 'Throughput of one writer by size of its writes',
    subtitle: 'More is better. Captured bytes are written twice, as in the plain directory here, and count once.',
    unit: 'MB/s (logarithmic)',
    categories: [
      { label: '128 B', figure: 'append-1' },
      { label: '4 KiB', figure: 'append-4k' },
      { label: '128 KiB', figure: 'append-128k' },
      { label: '1 MiB', figure: 'append-1m' },
    ],
    contenders: ['plain-twice', 'bindfs-lean', 'mergerfs-lean', 'fuse-native', 'device', 'uring'],
    value: megabytes,
    digits: short,
    kind: 'line',
    logarithmic: true,
  },
  reads: {
    title: 'Reads of a file in the page cache',
    subtitle: "Speed as a share of the plain directory's; more is better.",
    unit: '% of the plain directory',
    categories: [
      { label: 'in order', figure: 'read-sequential' },
      { label: 'random', figure: 'read-random' },
      { label: 'mmap', figure: 'read-mmap' },
      { label: 'in order,\nwhile written', figure: 'read-sequential-written' },
      { label: 'random,\nwhile written', figure: 'read-random-written' },
      { label: 'mmap,\nwhile written', figure: 'read-mmap-written' },
    ],
    contenders: ['bindfs', 'mergerfs', 'fuse-native', 'device', 'uring'],
    value: percentOf('plain'),
    digits: (value) => value.toFixed(0),
    reference: { value: 100, label: 'plain directory' },
  },
  metadata: {
    title: 'Operations on names',
    subtitle: "Speed as a share of mergerfs'; more is better.",
    unit: '% of mergerfs',
    categories: [
      { label: 'stat,\nknown', figure: 'stat-cached' },
      { label: 'stat,\nnew', figure: 'stat-new' },
      { label: 'open to read,\nclose', figure: 'open-read' },
      { label: 'open to append,\nclose', figure: 'open-append' },
      { label: 'create, close,\nunlink', figure: 'create' },
      { label: 'list\n10,000 names', figure: 'list' },
    ],
    contenders: ['bindfs', 'fuse-native', 'device', 'uring'],
    value: percentOf('mergerfs'),
    digits: (value) => value.toFixed(0),
    reference: { value: 100, label: 'mergerfs' },
  },
  collector: {
    title: 'Collecting a backlog into a file',
    subtitle: 'Lines of 128 bytes; more is better.',
    unit: 'thousand lines/s',
    categories: [
      { label: 'lines as they are', figure: 'collect-lines-lines' },
      { label: 'records (ndjson)', figure: 'collect-ndjson-lines' },
    ],
    contenders: ['imfile', 'collect'],
    value: (figures, figure, contender) => {
      const lines = figures.median(figure, contender);
      return lines === undefined ? undefined : lines / 1000;
    },
    digits: short,
  },
};

/** Cost of an append with more and more of something, as a share of the cost with the fewest. */
function scalingPlot(results: Results): EChartsOption | undefined {
  const names = results.groups.find(({ name }) => name === 'scaling')?.figures ?? [];
  const categories = names.map(({ name, title }) => ({ label: title.replace(' ', '\n'), figure: name }));
  const plot: Plot = {
    title: 'Append of 128 bytes as things become many',
    subtitle: 'Captured, writer and server on one CPU; flat is better.',
    unit: 'µs an append',
    categories,
    contenders: ['plain', 'device', 'uring'],
    value: median,
    digits: short,
  };
  return plotOption(plot, results);
}

/** All charts. */
export const charts: readonly Chart[] = [
  ...Object.entries(plots).map(([name, plot]) => ({ name, draw: (results: Results) => plotOption(plot, results) })),
  { name: 'scaling', draw: scalingPlot },
];
