/**
 * A line in the real /etc/fstab, and the program where mount(8) looks for it.
 *
 * Guarantees: everything is put back after the test, also when it fails or the process exits. One user at a time.
 */
import { copyFileSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { launcher } from './project.js';

const FSTAB = '/etc/fstab';

/** mount.fuse runs the program by its name through a shell; mount(8) looks for helpers in /sbin. */
const installedNames = ['/usr/bin/logagg-fs', '/sbin/mount.logagg-fs'];

export class FstabEntry {
  private readonly original = existsSync(FSTAB) ? readFileSync(FSTAB) : undefined;
  private readonly links: string[] = [];
  private readonly restore = (): void => this.remove();

  /** @param line - one line of fstab(5), without its newline */
  constructor(line: string) {
    process.once('exit', this.restore);
    if (this.original !== undefined) copyFileSync(FSTAB, `${FSTAB}.logagg-fs-test`);
    writeFileSync(FSTAB, `${this.original?.toString() ?? ''}\n${line}\n`);
    for (const name of installedNames) {
      if (existsSync(name)) continue;
      symlinkSync(launcher, name);
      this.links.push(name);
    }
  }

  remove(): void {
    process.removeListener('exit', this.restore);
    for (const link of this.links.splice(0)) rmSync(link);
    if (this.original === undefined) rmSync(FSTAB);
    else writeFileSync(FSTAB, this.original);
    rmSync(`${FSTAB}.logagg-fs-test`, { force: true });
  }
}
