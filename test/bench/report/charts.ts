/**
 * Results as charts in SVG, drawn by Apache ECharts without a browser.
 *
 * Guarantees: a white background of their own, so that they are readable on dark pages too; a contender has the same
 * colour everywhere; machine and versions stand below each chart. A chart without figures is not drawn.
 */
import { type EChartsOption, init, type LineSeriesOption, type SeriesOption } from 'echarts';
import type { ContenderName } from '../contenders/contenders.js';
import { Figures, type Results } from './results.js';

const [width, height] = [900, 440];

/** Okabe and Ito's colours, which colour-blind people can tell apart; ours are the strong ones. */
const looks: Readonly<Partial<Record<ContenderName, { readonly label: string; readonly color: string }>>> = {
  plain: { label: 'plain directory', color: '#8c8c8c' },
  'plain-twice': { label: 'plain directory, both copies', color: '#8c8c8c' },
  'bindfs-lean': { label: 'bindfs, no xattr', color: '#f0c987' },
  bindfs: { label: 'bindfs', color: '#f0c987' },
  'mergerfs-lean': { label: 'mergerfs, no xattr', color: '#e69f00' },
  mergerfs: { label: 'mergerfs', color: '#e69f00' },
  'fuse-native': { label: 'logagg-fs, fuse-native', color: '#9fd3ef' },
  device: { label: 'logagg-fs, device', color: '#0072b2' },
  uring: { label: 'logagg-fs, io_uring', color: '#009e73' },
  imfile: { label: 'rsyslog imfile', color: '#e69f00' },
  collect: { label: 'logagg-fs collect', color: '#009e73' },
};

/** A chart by its file name. */
export interface Chart {
  readonly name: string;
  /** Undefined when there is nothing to show. */
  draw(results: Results): EChartsOption | undefined;
}

/** One group of bars, or one point of each line. */
interface Category {
  readonly label: string;
  readonly figure: string;
}

interface Plot {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  readonly categories: readonly Category[];
  readonly contenders: readonly ContenderName[];
  /** What is shown of a figure and a contender; undefined when it was not measured. */
  readonly value: (figures: Figures, figure: string, contender: ContenderName) => number | undefined;
  readonly digits: (value: number) => string;
  readonly kind?: 'bar' | 'line';
  readonly logarithmic?: boolean;
  /** Whose bars are cut off where they would dwarf all others. */
  readonly outlier?: ContenderName;
  /** A line across: what everything is compared with. */
  readonly reference?: { readonly value: number; readonly label: string };
}

const text = { fontFamily: 'Helvetica, Arial, sans-serif', color: '#333' };

/** Three digits or so. */
const short = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** The values of one contender, by category; null where it was not measured. */
function valuesOf({ categories, value }: Plot, figures: Figures, contender: ContenderName): (number | null)[] {
  return categories.map(({ figure }) => value(figures, figure, contender) ?? null);
}

/** Where an outlier's bars end: a little above the tallest of the others. */
function ceiling(plot: Plot, figures: Figures): number {
  if (plot.outlier === undefined) return Number.POSITIVE_INFINITY;
  const others = plot.contenders.filter((contender) => contender !== plot.outlier);
  const most = Math.max(...others.flatMap((other) => valuesOf(plot, figures, other)).map((value) => value ?? 0));
  return most > 0 ? most * 1.25 : Number.POSITIVE_INFINITY;
}

/** One contender's bars or line; none when nothing of it was measured. */
function series(plot: Plot, figures: Figures, contender: ContenderName): SeriesOption[] {
  const { label, color } = looks[contender] ?? { label: contender, color: '#000' };
  const values = valuesOf(plot, figures, contender);
  if (values.every((value) => value === null)) return [];
  const most = ceiling(plot, figures);
  const data = values.map((value) => (value === null ? null : Math.min(value, most)));
  const common = { name: label, data, itemStyle: { color } };
  if (plot.kind === 'line') {
    return [{ ...common, type: 'line', symbol: 'circle', symbolSize: 8, lineStyle: { color, width: 2.5 } }];
  }
  const formatter = ({ dataIndex }: { dataIndex: number }): string => {
    const value = values[dataIndex] ?? Number.NaN;
    return value > most ? `${plot.digits(value)} ↑` : plot.digits(value);
  };
  const valueLabel = { show: true, position: 'top', fontSize: 11, ...text, formatter } as const;
  return [{ ...common, type: 'bar', barMaxWidth: 56, barGap: '8%', barCategoryGap: '24%', label: valueLabel }];
}

/** A dashed line across the chart, which belongs to no contender. */
function referenceLine({ reference }: Plot): SeriesOption[] {
  if (reference === undefined) return [];
  const markLine: LineSeriesOption['markLine'] = {
    silent: true,
    symbol: 'none',
    lineStyle: { color: '#555', type: 'dashed' },
    label: { formatter: reference.label, position: 'end', ...text },
    data: [{ yAxis: reference.value }],
  };
  return [{ type: 'line', data: [], markLine }];
}

function plotOption(plot: Plot, results: Results): EChartsOption | undefined {
  const figures = new Figures(results);
  const categories = plot.categories.filter(({ figure }) => figures.get(figure) !== undefined);
  const present = { ...plot, categories };
  const all = plot.contenders.flatMap((contender) => series(present, figures, contender));
  if (all.length === 0) return undefined;
  return {
    title: {
      ...{ text: plot.title, left: 18, top: 12, textStyle: { ...text, fontSize: 17 } },
      ...{ subtext: plot.subtitle, itemGap: 6, subtextStyle: { ...text, color: '#666', fontSize: 12 } },
    },
    legend: { top: 62, left: 18, itemWidth: 14, itemGap: 26, icon: 'roundRect', textStyle: { ...text, fontSize: 12 } },
    grid: { left: 64, right: plot.reference === undefined ? 28 : 112, top: 124, bottom: 66 },
    xAxis: {
      type: 'category',
      data: categories.map(({ label }) => label),
      axisTick: { show: false },
      axisLabel: { ...text, fontSize: 12, interval: 0 },
    },
    yAxis: {
      type: plot.logarithmic ? 'log' : 'value',
      name: plot.unit,
      nameTextStyle: { ...text, align: 'left', padding: [0, 0, 0, -44] },
      axisLabel: { ...text, formatter: (value: number) => value.toLocaleString('en') },
      splitLine: { lineStyle: { color: '#e6e6e6' } },
    },
    series: [...all, ...referenceLine(plot)],
  };
}

function footer({ machine, setting, date }: Results): string {
  const { cpus, cpu, kernel, node, bindfs, mergerfs } = machine;
  const quick = setting.quick ? 'quick run, ' : '';
  const others = `bindfs ${bindfs ?? '–'}, mergerfs ${mergerfs ?? '–'}`;
  const programs = `logagg-fs ${machine['logagg-fs']} on Node ${node}, ${others}`;
  return `${quick}medians of ${setting.runs} · ${cpus} × ${cpu}, kernel ${kernel} · ${programs} · ${date.slice(0, 10)}`;
}

/** Draws a chart. */
export function toSvg(option: EChartsOption, results: Results): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    backgroundColor: '#ffffff',
    animation: false,
    graphic: [{ type: 'text', left: 24, bottom: 12, style: { text: footer(results), fill: '#777', fontSize: 11 } }],
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

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
