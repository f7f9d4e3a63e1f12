/**
 * Drawing a chart in SVG with Apache ECharts, without a browser.
 *
 * Guarantees: a white background of its own, so that it is readable on dark pages too; a contender has the same colour
 * everywhere; machine and versions stand below. A chart without figures is not drawn.
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

/** One group of bars, or one point of each line. */
interface Category {
  readonly label: string;
  readonly figure: string;
}

/** What a chart shows. */
export interface Plot {
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

/** The chart of a plot; undefined when nothing of it was measured. */
export function plotOption(plot: Plot, results: Results): EChartsOption | undefined {
  const figures = new Figures(results);
  const categories = plot.categories.filter(({ figure }) => figures.get(figure) !== undefined);
  const present = { ...plot, categories };
  const all = plot.contenders.flatMap((contender) => series(present, figures, contender));
  if (all.length === 0) return undefined;
  return {
    title: {
      text: plot.title,
      subtext: plot.subtitle,
      left: 18,
      top: 12,
      itemGap: 6,
      textStyle: { ...text, fontSize: 17 },
      subtextStyle: { ...text, color: '#666', fontSize: 12 },
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
