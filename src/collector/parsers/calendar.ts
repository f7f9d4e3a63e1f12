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

/** The years around this one; and those in which the next 29 February may lie, around a century without one. */
const nearYears = [0, -1, 1];
const leapYears = [-8, -7, -6, -5, -4, -3, -2, 2, 3, 4, 5, 6, 7, 8];

/**
 * The instant that a local time without a year means: of all years the one in which it lies nearest to when it was written,
 * so that 31 December read in January is last year's, and 1 January written by a clock that is ahead is next year's.
 * @param near - milliseconds since 1970. @returns milliseconds since 1970, undefined when there is no such day or time
 */
export function nearestInstant(day: DayOfYear, time: ClockTime, near: number): number | undefined {
  if (!isClockTime(time)) return undefined;
  const thisYear = new Date(near).getFullYear();
  return nearestOf(nearYears, thisYear, day, time, near) ?? nearestOf(leapYears, thisYear, day, time, near);
}

function nearestOf(
  offsets: readonly number[],
  thisYear: number,
  day: DayOfYear,
  { hour, minute, second }: ClockTime,
  near: number,
): number | undefined {
  let nearest: number | undefined;
  for (const offset of offsets) {
    if (!isDate(thisYear + offset, day)) continue;
    const instant = new Date(thisYear + offset, day.month, day.day, hour, minute, second).getTime();
    if (nearest === undefined || Math.abs(instant - near) < Math.abs(nearest - near)) nearest = instant;
  }
  return nearest;
}
