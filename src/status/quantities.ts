/**
 * Numbers as people read them, in the terminal and in the dashboard.
 *
 * Guarantees: pure functions of at most eight characters, but for durations.
 */
const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const countUnits = ['', 'k', 'M', 'G', 'T'] as const;

/** `1.5 MiB`. */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1024, byteUnits);
}

/** `12,345`, `1.2 M`. */
export function countText(count: number): string {
  return count < 100_000 ? Math.round(count).toLocaleString('en') : scaled(count, 1000, countUnits);
}

/** `4 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return hours < 10 && minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return days < 10 && hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** `12 µs`, `3.4 ms`. */
export function latencyText(microseconds: number): string {
  if (microseconds < 1000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1e6) return `${(microseconds / 1000).toPrecision(2)} ms`;
  return `${(microseconds / 1e6).toPrecision(2)} s`;
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  // What rounds up to a whole step belongs to the next unit.
  while (rest >= step - 0.5 && unit < units.length - 1) {
    rest /= step;
    unit++;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1;
  return `${rest.toFixed(digits)} ${units[unit]}`.trimEnd();
}
