/**
 * Our own mount as a contender.
 *
 * Guarantees: `trackfiles.txt` is in place before the mount. Between runs its chunks go, as if a collector had taken
 * them, except those that {@link fillerStream} names.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launcher } from '../../harness/project.js';
import { FuseMount } from './contender.js';

/** How to mount. */
export interface OurMountOptions {
  /** Mount options that make the difference, separated by commas. */
  readonly options: string;
  /** Lines of `trackfiles.txt`, of the mountpoint. */
  readonly patterns: (mountpoint: string) => readonly string[];
}

const fillerPrefix = '0'.repeat(16);

/** Stream of a chunk that only takes up room: no path has such an md5, as far as anybody knows. */
export function fillerStream(index: number): string {
  return fillerPrefix + index.toString(16).padStart(16, '0');
}

/** Exit codes of `src/config/errors.ts`: an option that this version does not know, a host that can't do it. */
const [usage, host] = [2, 5];

export class OurMount extends FuseMount {
  readonly logs: string;
  protected override readonly unavailable = [usage, host];
  private readonly root: string;
  private readonly how: OurMountOptions;

  constructor(folder: string, name: string, how: OurMountOptions) {
    super(name, join(folder, 'mount'), join(folder, 'cache', 'mirror'));
    this.root = join(folder, 'cache');
    this.logs = join(this.root, 'logs');
    this.how = how;
  }

  protected mountCommand(): [string, string[]] {
    writeFileSync(join(this.root, 'trackfiles.txt'), `${this.how.patterns(this.directory).join('\n')}\n`);
    return [launcher, [this.directory, '-o', `root=${this.root},${this.how.options}`]];
  }

  override tidy(): void {
    for (const chunk of readdirSync(this.logs)) {
      if (!chunk.startsWith(fillerPrefix)) rmSync(join(this.logs, chunk), { force: true });
    }
  }
}
