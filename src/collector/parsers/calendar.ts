/**
 * Dates that logs write with English names of months.
 *
 * Guarantees: a date that does not exist is undefined, never the next one that does. Pure but for the host's time zone.
 */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** @param name - `Jan` to `Dec`. @returns 0 to 11 */
export function monthIndex(name: string): number | undefined {
  const index = months.indexOf(name);
  return index === -1 ? undefined : index;
}

export interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  /** 60 is a leap second. */
  readonly second: number;
}

export interface DayOfYear {
  /** 0 to 11. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

export function isClockTime({ hour, minute, second }: ClockTime): boolean {
  return hour <= 23 && minute <= 59 && second <= 60;
}

export function isDate(year: number, { month, day }: DayOfYear): boolean {
  const isLeapDay = month === 1 && day === 29 && isLeapYear(year);
  return day >= 1 && (day <= (monthLengths[month] ?? 0) || isLeapDay);
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Around a century without a leap day the last 29 February is up to eight years ago. */
const farthestYear = 8;
/** How far a clock may be ahead of the one that tells when a line was written. */
const aheadMilliseconds = 7 * 24 * 3600 * 1000;

/**
 * The instant that a local time without a year means: the latest one that is not after the time of writing, except by a clock
 * that is up to a week ahead. So 31 December read in January is last year's, and 1 January may be next year's.
 * @param written - milliseconds since 1970. @returns milliseconds since 1970, undefined when there is no such day or time
 */
export function latestInstant(day: DayOfYear, time: ClockTime, written: number): number | undefined {
  if (!isClockTime(time)) return undefined;
  const nextYear = new Date(written + aheadMilliseconds).getFullYear();
  for (let year = nextYear; year >= nextYear - farthestYear; year--) {
    if (!isDate(year, day)) continue;
    const instant = new Date(year, day.month, day.day, time.hour, time.minute, time.second).getTime();
    if (instant <= written + aheadMilliseconds) return instant;
  }
  return undefined;
}
