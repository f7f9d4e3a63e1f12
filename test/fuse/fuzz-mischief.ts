/**
 * Changes to the mirror behind the server's back, such as whoever can write there could make between two requests.
 *
 * Guarantees: stays inside the mirror and never follows a symlink. Repeatable with the same numbers on the same tree.
 */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './fuzz-random.js';

export class Mischief {
  constructor(
    private readonly mirror: string,
    private readonly canary: string,
    private readonly random: Random,
  ) {}

  /** One change; none when the tree does not allow it. */
  doSomething(): void {
    try {
      this.change();
    } catch {
      // No permission, not empty, not a directory: the next one may work.
    }
  }

  private change(): void {
    const paths = this.paths(this.mirror);
    if (paths.length === 0) return;
    const [path, other] = [this.random.pick(paths), this.random.pick([this.mirror, ...paths])];
    // A symlink would lead these tricks out of the mirror, which is just what the server must not do.
    if (lstatSync(other).isSymbolicLink()) return;
    const tricks = [
      () => this.swapForSymlink(path),
      () => renameSync(path, join(this.mirror, `${this.random.pick(['a', 'd', 'e'])}`)),
      () => renameSync(path, other),
      () => renameSync(path, join(other, 'c')),
      () => rmSync(path, { recursive: true }),
      () => mkdirSync(join(other, 'd')),
      () => writeFileSync(join(other, 'a'), 'put here from outside\n', { flag: 'wx' }),
    ];
    this.random.pick(tricks)();
  }

  /** What was there gets another name, so that open descriptors stay good. */
  private swapForSymlink(path: string): void {
    renameSync(path, `${path}-was`);
    symlinkSync(this.canary, path);
  }

  private paths(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.includes('\ufffd'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? [path, ...this.paths(path)] : [path];
      });
  }
}
