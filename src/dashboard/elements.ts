/** Making and finding elements; text is always text, never markup. */

/** @throws Error when the page has no such element */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

export function make(tag: string, className: string, ...children: readonly (Node | string)[]): HTMLElement {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** A table's cell: a text, or something with a class. */
export type CellContent = string | { readonly text: string; readonly className: string } | HTMLElement;

/** @param columns - titles; those that begin with `~` are left out on narrow screens */
export function makeTable(columns: readonly string[], rows: readonly (readonly CellContent[])[]): HTMLElement {
  const classOf = (index: number): string => (columns[index]?.startsWith('~') === true ? 'wide' : '');
  const titles = columns.map((title, index) => make('th', classOf(index), title.replace(/^~/, '')));
  const body = rows.map((cells) => make('tr', '', ...cells.map((cell, index) => cellOf(cell, classOf(index)))));
  return make('table', '', make('thead', '', make('tr', '', ...titles)), make('tbody', '', ...body));
}

function cellOf(cell: CellContent, className: string): HTMLElement {
  if (typeof cell === 'string') return make('td', className, cell);
  if (cell instanceof HTMLElement) return make('td', `${className} bar`.trim(), cell);
  return make('td', `${className} ${cell.className}`.trim(), cell.text);
}

/** A bar beside its number. @param share - 0 to 1 */
export function makeBar(share: number, text: string): HTMLElement {
  const filled = make('b', '');
  filled.style.width = `${Math.round(Math.min(1, share) * 100)}%`;
  return make('div', 'track', make('i', '', filled), make('span', '', text));
}
