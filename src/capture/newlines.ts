/** Lines as losses are counted in: newlines. A piece of a line without its end counts for none. */
const NEWLINE = 0x0a;

/** How many newlines are in `length` bytes from `start` on. */
export function countNewlines(bytes: Buffer, start: number, length: number): number {
  const end = start + length;
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0 && at < end; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
