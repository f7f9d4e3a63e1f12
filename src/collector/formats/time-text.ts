/**
 * Times of records as RFC 3339 text in UTC.
 *
 * Guarantees: exact to the nanosecond, before 1970 and after 2038 as well; fixed width, so that times sort as their texts do.
 * A time outside of the years 0000 to 9999, which RFC 3339 can't write, becomes the nearest one that it can. Pure.
 */
import { rememberLast } from './remember-last.js';

const nanosecondsPerSecond = 1_000_000_000n;
/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds since 1970. */
const firstSecond = -62_167_219_200n;
const lastSecond = 253_402_300_799n;
const earliest = firstSecond * nanosecondsPerSecond;
const latest = (lastSecond + 1n) * nanosecondsPerSecond - 1n;

/** A time in two numbers, both exact. */
export interface SplitTime {
  /** Since 1970; whole, rounded towards the past. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** @param time - nanoseconds since 1970 (UTC) */
export function splitTime(time: bigint): SplitTime {
  const clamped = time < earliest ? earliest : time > latest ? latest : time;
  // Division of bigints rounds towards zero, which is towards the future before 1970.
  const remainder = Number(clamped % nanosecondsPerSecond);
  const nanoseconds = remainder < 0 ? remainder + 1e9 : remainder;
  return { seconds: Number((clamped - BigInt(nanoseconds)) / nanosecondsPerSecond), nanoseconds };
}

/** `2026-11-21T05:41:21.` */
const secondText = rememberLast((seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 20));

/** `2026-11-21T05:41:21.085000000Z`: 30 characters. */
export const nanosecondText: (time: bigint) => string = rememberLast((time: bigint) => {
  const { seconds, nanoseconds } = splitTime(time);
  return `${secondText(seconds)}${String(nanoseconds).padStart(9, '0')}Z`;
});

/** `2026-11-21T05:41:21.085000Z`, cut, not rounded. */
export function microsecondText(time: bigint): string {
  return `${nanosecondText(time).slice(0, 26)}Z`;
}

/** `2026-11-21T05:41:21.085Z`, cut, not rounded. @param zone - how UTC is written */
export function millisecondText(time: bigint, zone: 'Z' | '+0000' = 'Z'): string {
  return nanosecondText(time).slice(0, 23) + zone;
}
