/**
 * How long the heavy tests run: short within `npm test`, long with `npm run test:long`.
 *
 * Guarantees: decided once, by LOGAGG_TEST_LONG=1. Does not shorten what a test proves, only how often it does it.
 */

/** Whether this is the long run. */
export const isLong = process.env.LOGAGG_TEST_LONG === '1';

/** One of two values: for `npm test`, and for the long run. */
export function byLength<T>(short: T, long: T): T {
  return isLong ? long : short;
}
