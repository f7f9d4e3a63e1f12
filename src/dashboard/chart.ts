/**
 * One chart over time, drawn by uPlot in the page's colours.
 *
 * Guarantees: follows the width of its place and a change between light and dark.
 */
import uPlot from 'uplot';
import type { ChartData } from './history.js';

const HEIGHT = 190;
const COLOURS = 5;

export class Chart {
  private plot: uPlot | undefined;
  private names: readonly string[] = [];
  private data: ChartData | undefined;

  /** @param format - values on the axis and in the legend */
  constructor(
    private readonly place: HTMLElement,
    private readonly format: (value: number) => string,
  ) {
    new ResizeObserver(() => this.plot?.setSize({ width: this.width, height: HEIGHT })).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  show(data: ChartData): void {
    this.data = data;
    const names = [...data.series.keys()];
    const isSame = this.plot !== undefined && names.join('\n') === this.names.join('\n');
    if (isSame) this.plot?.setData(this.columns(data));
    else this.redraw();
  }

  private get width(): number {
    return Math.max(200, Math.floor(this.place.clientWidth));
  }

  private columns({ times, series }: ChartData): uPlot.AlignedData {
    const lines = this.names.map((name) => [...(series.get(name) ?? [])]);
    return [[...times], ...(lines.length > 0 ? lines : [times.map(() => null)])];
  }

  /** Colours are read once for a plot: another theme takes a new one. */
  private redraw(): void {
    const { data } = this;
    if (data === undefined) return;
    this.names = [...data.series.keys()];
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), this.columns(data), this.place);
  }

  private options(): uPlot.Options {
    const [quiet, line] = [colour('--quiet'), colour('--line')];
    const axis = {
      stroke: quiet,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: '11px system-ui',
    };
    const show = (_: uPlot, value: number | null): string => (value === null ? '' : this.format(value));
    const names = this.names.length > 0 ? this.names : [''];
    return {
      width: this.width,
      height: HEIGHT,
      legend: { show: this.names.length > 1 },
      cursor: { y: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
      axes: [
        { ...axis, space: 70 },
        { ...axis, size: 72, values: (_, values) => values.map((value) => this.format(value)) },
      ],
      series: [
        { value: (_, time) => (time === null ? '' : new Date(time * 1000).toLocaleTimeString()) },
        ...names.map((label, index) => {
          const stroke = colour(`--series-${(index % COLOURS) + 1}`);
          const fill = names.length === 1 ? `${stroke}26` : undefined;
          return {
            label,
            stroke,
            width: 2,
            value: show,
            points: { show: false },
            ...(fill === undefined ? {} : { fill }),
          };
        }),
      ],
    };
  }
}

function colour(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
