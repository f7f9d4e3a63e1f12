/**
 * Numbers for people.
 *
 * Guarantees: pure functions; three significant digits or so, always with their unit.
 */
import type { Figure, Unit } from './results.js';

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

/** A value with its unit. */
export function quantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'µs':
      return value < 1000 ? `${digits(value)} µs` : `${digits(value / 1000)} ms`;
    case 'lines/s':
      return `${Math.round(value).toLocaleString('en')} lines/s`;
    case 'calls':
      return digits(value);
    case '%':
      return `${value.toFixed(value < 1 ? 3 : 1)} %`;
    default:
      return `${digits(value)} ${unit}`;
  }
}

/** What a table shows of a time in microseconds: bytes a second, where the figure is about bytes. */
export function shown({ unit, bytes }: Figure, value: number): string {
  if (bytes === undefined) return quantity(value, unit);
  const rate = bytes / value;
  return rate < 1000 ? `${digits(rate)} MB/s` : `${digits(rate / 1000)} GB/s`;
}

/** How many times as fast. */
export const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;

export const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`;
