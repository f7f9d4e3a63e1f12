/**
 * One chart over time, drawn by uPlot in the page's colours.
 *
 * Guarantees: follows the width of its place and a change between light and dark.
 */
import uPlot from 'uplot';
import type { ChartData } from './history.js';

const HEIGHT = 190;
const COLOURS = 5;
/** Steps between the lines of an axis of bytes. */
const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** What the values are. */
export interface Quantity {
  readonly format: (value: number) => string;
  /** The axis reaches at least so far. */
  readonly smallest: number;
  readonly isBytes: boolean;
}

export class Chart {
  private plot: uPlot | undefined;
  private names: readonly string[] = [];
  private data: ChartData | undefined;

  constructor(
    private readonly place: HTMLElement,
    private readonly quantity: Quantity,
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
    const { smallest } = this.quantity;
    return {
      width: this.width,
      height: HEIGHT,
      legend: { show: this.names.length > 1, live: false },
      cursor: { y: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(smallest, (max ?? 0) * 1.1)] } },
      axes: this.axes(),
      series: [{}, ...this.series()],
    };
  }

  private axes(): uPlot.Axis[] {
    const { format, isBytes } = this.quantity;
    const [quiet, line] = [colour('--quiet'), colour('--line')];
    const grid = { stroke: line, width: 1 };
    const axis = { stroke: quiet, grid, ticks: grid, font: '11px system-ui' };
    const steps = isBytes ? { incrs: BYTE_STEPS } : {};
    return [
      { ...axis, size: 32, space: 80, values: (_, times) => times.map(clock) },
      { ...axis, size: 76, space: 34, values: (_, values) => values.map(format), ...steps },
    ];
  }

  private series(): uPlot.Series[] {
    const names = this.names.length > 0 ? this.names : [''];
    return names.map((label, index) => {
      const stroke = colour(`--series-${(index % COLOURS) + 1}`);
      const fill = names.length === 1 ? { fill: `${stroke}26` } : {};
      return { label, stroke, width: 2, points: { show: false }, ...fill };
    });
  }
}

/** @param time - seconds since 1970 */
function clock(time: number): string {
  return new Date(time * 1000).toLocaleTimeString('en-GB');
}

function colour(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
