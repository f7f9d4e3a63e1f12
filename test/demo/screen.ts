/**
 * What the demonstration shows: lines that stay, and on a terminal a block that is painted over and over.
 *
 * Guarantees: without a terminal the output is plain text, without escape sequences and without the block. Colours
 * follow NO_COLOR.
 */
import { clearScreenDown, moveCursor } from 'node:readline';

const colourful = process.stdout.isTTY === true && !process.env.NO_COLOR;
const style = (code: number) => (text: string) => (colourful ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = style(1);
export const dim = style(2);
export const red = style(31);
export const green = style(32);
export const yellow = style(33);
export const cyan = style(36);

/** Whether the block can be painted. */
export const isLive = process.stdout.isTTY === true;

let painted = 0;

function erase(): void {
  if (painted === 0) return;
  moveCursor(process.stdout, 0, -painted);
  clearScreenDown(process.stdout);
  painted = 0;
}

/** Prints a line that stays. */
export function print(line = ''): void {
  erase();
  process.stdout.write(`${line}\n`);
}

/** Paints the block anew; it disappears with the next printed line. Nothing without a terminal. */
export function paint(lines: readonly string[]): void {
  if (!isLive) return;
  const width = (process.stdout.columns || 80) - 1;
  erase();
  // A line that wraps would be two lines to move up. Escape sequences take no room: cut generously.
  process.stdout.write(lines.map((line) => `${fit(line, width)}\n`).join(''));
  painted = lines.length;
}

/** A number with separators, padded to a width. */
export const count = (value: number, width = 0): string => value.toLocaleString('en').padStart(width);

/** A bar of `width` cells, filled by a fraction from 0 to 1. */
export function bar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `${cyan('█'.repeat(filled))}${dim('░'.repeat(width - filled))}`;
}

const escapeSequence = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

function fit(line: string, width: number): string {
  const plain = line.replace(escapeSequence, '');
  return plain.length <= width ? line : plain.slice(0, width);
}
