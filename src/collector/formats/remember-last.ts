/**
 * Remembers the last result of a function.
 *
 * Guarantees: the function sees only values that differ from the one before; objects are the same when they are identical.
 * For what stays the same from one record of a log to the next (path, writer, tags), and is costly to turn into text. Holds
 * one value alive, not more.
 */

/** @param make - pure; its argument must not change afterwards */
export function rememberLast<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  let last: { readonly key: Key; readonly value: Value } | undefined;
  return (key) => {
    if (last === undefined || last.key !== key) last = { key, value: make(key) };
    return last.value;
  };
}
