/**
 * The manual pages.
 *
 * Guarantees: complete text in mdoc(7). A line `.\" @NAME@` of a page is replaced by what the program says of itself
 * (`program-sections.ts`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programSections } from './program-sections.js';

/** One page. */
export interface ManualPage {
  readonly name: string;
  readonly section: string;
  readonly text: string;
}

/** @param project - the folder of package.json */
export function manualPages(project: string): ManualPage[] {
  const folder = join(project, 'packaging/manual');
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const [, name, section] = /^(.+)\.([1-8])$/.exec(file) ?? [];
      if (name === undefined || section === undefined) return [];
      return [{ name, section, text: filledIn(readFileSync(join(folder, file), 'utf8')) }];
    });
}

function filledIn(page: string): string {
  return page.replace(/^\.\\" @(.+)@$/gm, (_, name: string) => {
    const write = programSections[name];
    if (write === undefined) throw new Error(`the manual asks for ${name}, which there is not`);
    return write();
  });
}
