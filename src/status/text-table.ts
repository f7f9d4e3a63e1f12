/**
 * Tables for a terminal: columns as wide as what is in them, numbers to the right.
 *
 * Guarantees: no line is wider than asked for: the first column gives way, in its middle, so that the end of a path stays legible.
 * What is shown can't steer the terminal: control characters are shown as `?`. A character counts for one column.
 */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Marks a cell: shown in that manner where colours are wanted. */
export type Tone = 'plain' | 'bold' | 'dim' | 'good' | 'warning' | 'bad';

export interface Cell {
  readonly text: string;
  readonly tone: Tone;
}

const codes: Readonly<Record<Tone, string>> = {
  plain: '',
  bold: '\x1b[1m',
  dim: '\x1b[2m',
  good: '\x1b[32m',
  warning: '\x1b[33m',
  bad: '\x1b[31m',
};
const GAP = '  ';
const NARROWEST = 12;

/** Text with its tone, where colours are wanted. */
export function paint(text: string, tone: Tone, colours: boolean): string {
  return colours && tone !== 'plain' ? `${codes[tone]}${text}\x1b[0m` : text;
}

/** Without anything that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** At most `width` characters, the middle left out. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const tail = Math.ceil((width - 1) * 0.7);
  return `${characters.slice(0, Math.max(0, width - 1 - tail)).join('')}…${characters.slice(-tail).join('')}`;
}

/** @returns lines, the titles first */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  colours: boolean,
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(lengthOf(title), ...rows.map((row) => lengthOf(row[index]?.text ?? ''))),
  );
  const others = widths.slice(1).reduce((sum, one) => sum + one + GAP.length, 0);
  widths[0] = Math.min(widths[0] ?? 0, Math.max(NARROWEST, width - others));
  const line = (cells: readonly Cell[]): string =>
    columns
      .map(({ align }, index) => {
        const { text = '', tone = 'plain' } = cells[index] ?? {};
        const short = shorten(text, widths[index] ?? 0);
        const padding = ' '.repeat((widths[index] ?? 0) - lengthOf(short));
        const painted = paint(short, tone, colours);
        return align === 'left' ? painted + padding : padding + painted;
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => ({ text: title, tone: 'dim' }))), ...rows.map(line)];
}

function lengthOf(text: string): number {
  return [...text].length;
}
