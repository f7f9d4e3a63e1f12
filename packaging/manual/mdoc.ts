/**
 * Text and lists for mdoc(7), the language of manual pages.
 *
 * Guarantees: whatever a text holds is shown as it is: nothing in it becomes a macro or an escape. Knows only the few macros
 * that the pages need.
 */

/** One entry of a list. */
export interface ListItem {
  /** What stands out: macros, for instance `Fl f , Fl \-foreground`. */
  readonly head: string;
  /** Lines of mdoc. */
  readonly body: string;
}

/** Longest line, which `mandoc -T lint` wants. */
const longestLine = 79;

/** A text for lines of its own. */
export function textLines(text: string): string {
  const lines: string[] = [];
  for (const word of escapeText(text)
    .split(/\s+/)
    .filter((each) => each !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= longestLine) lines[lines.length - 1] = `${last} ${word}`;
    // What begins a line would be a macro.
    else lines.push(/^[.']/.test(word) ? `\\&${word}` : word);
  }
  return lines.join('\n');
}

/** A text as one argument of a macro. */
export function argument(text: string): string {
  const escaped = escapeText(text).replaceAll('"', '\\(dq');
  // A word that is also a macro's name, or punctuation, would be taken for one.
  const guarded = /^([A-Z][a-z]|[.,:;()[\]?!|])$/.test(escaped) ? `\\&${escaped}` : escaped;
  return /\s/.test(guarded) ? `"${guarded}"` : guarded;
}

/** A list with its heads on the left. */
export function tagList(items: readonly ListItem[]): string {
  const lines = items.flatMap(({ head, body }) => [`.It ${head}`, body]);
  return ['.Bl -tag -width Ds', ...lines, '.El'].join('\n');
}

function escapeText(text: string): string {
  const plain = text.replaceAll('\\', '\\e').replaceAll('…', '...');
  return plain.replace(/[^ -~]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `\\[u${point.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}
