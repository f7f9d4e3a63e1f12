/**
 * The text behind `-o`: options between commas, and how a value may hold a comma, a space or a quote.
 *
 * Guarantees: splits as mount(8) and libfuse together do, so that a value arrives the same whether fstab, mount(8),
 * mount.fuse or a shell handed it over. Does not know what any option means.
 */

import { LogaggError } from './errors.js';

/** One `name` or `name=value`, unescaped. */
export interface OptionItem {
  readonly name: string;
  /** What follows the first `=`; undefined without `=`, empty for `name=`. */
  readonly value: string | undefined;
}

/** An octal escape as fstab writes it; several in a row may be the bytes of one UTF-8 character. */
const octalEscapes = /(?:\\[0-3][0-7]{2})+/y;

/** Characters with a meaning of their own here, in fstab or in /proc/mounts. */
const special = /[\s,"\\]/g;

/**
 * Splits one option string. A comma inside double quotes or after a backslash does not separate; `\040` and other
 * octal escapes become their character; any other character after a backslash stands for itself. Empty items are
 * skipped.
 *
 * @throws LogaggError LOGAGG_OPTION_VALUE when a quote is not closed or an option holds a NUL
 */
export function splitOptionString(text: string): OptionItem[] {
  return splitAtCommas(text)
    .filter((item) => item !== '')
    .map(parseItem);
}

/** Escapes a value so that {@link splitOptionString} gives it back unchanged. */
export function escapeOptionValue(value: string): string {
  return value.replace(special, (character) =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  );
}

/** Unescapes on the way: afterwards an escaped comma could not be told from a separator. */
function splitAtCommas(text: string): string[] {
  const items: string[] = [];
  let item = '';
  let quoted = false;
  let position = 0;
  while (position < text.length) {
    const character = text.charAt(position);
    if (character === '\\' && position + 1 < text.length) {
      const unescaped = readEscape(text, position);
      item += unescaped.text;
      position = unescaped.end;
      continue;
    }
    position += 1;
    if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      items.push(item);
      item = '';
    } else item += character;
  }
  if (quoted) throw new LogaggError('LOGAGG_OPTION_VALUE', `a double quote is not closed in the options "${text}"`);
  items.push(item);
  return items;
}

function readEscape(text: string, position: number): { text: string; end: number } {
  octalEscapes.lastIndex = position;
  const octal = octalEscapes.exec(text)?.[0];
  if (octal === undefined) {
    const character = String.fromCodePoint(text.codePointAt(position + 1) ?? 0);
    return { text: character, end: position + 1 + character.length };
  }
  const bytes = octal.split('\\').slice(1);
  return { text: Buffer.from(bytes.map((byte) => Number.parseInt(byte, 8))).toString(), end: position + octal.length };
}

function parseItem(item: string): OptionItem {
  const equals = item.indexOf('=');
  const name = equals < 0 ? item : item.slice(0, equals);
  if (item.includes('\0')) {
    throw new LogaggError('LOGAGG_OPTION_VALUE', `option ${JSON.stringify(name)} holds a NUL character`);
  }
  return { name, value: equals < 0 ? undefined : item.slice(equals + 1) };
}
