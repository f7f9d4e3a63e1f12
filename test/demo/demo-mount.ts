/**
 * The demonstration's mount: a temporary folder with a mountpoint and a log cache.
 *
 * Guarantees: {@link DemoMount.end} leaves no mount, no server and no file behind, also when the mount hangs. This
 * process itself never touches a file through the mount, so that it can always end it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmount } from '../bench/servers.js';
import { fuseMountAt } from '../harness/fuse-mounts.js';
import { launcher } from '../harness/project.js';

/** Milliseconds that mounting may take. */
const patience = 20_000;

/** A mounted logagg-fs. */
export class DemoMount {
  readonly mountpoint: string;
  /** The log cache. */
  readonly root: string;
  /** What trackfiles.txt says. */
  readonly pattern: string;
  /** Mount options, as in an fstab line. */
  readonly options: string;
  private readonly folder: string;

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'logagg-fs-demo-')));
    this.mountpoint = join(this.folder, 'log');
    this.root = join(this.folder, 'cache');
    this.pattern = join(this.mountpoint, '*.log*');
    this.options = `allow_other,root=${this.root},seal=1`;
  }

  /** Real files, beneath the mount. */
  get mirror(): string {
    return join(this.root, 'mirror');
  }

  /** Chunks. */
  get logs(): string {
    return join(this.root, 'logs');
  }

  /** Mounts; throws an error with the mount command's own words. */
  mount(): void {
    mkdirSync(this.mountpoint);
    mkdirSync(this.root, { mode: 0o700 });
    writeFileSync(join(this.root, 'trackfiles.txt'), `${this.pattern}\n`);
    const { error, status, stderr } = spawnSync(launcher, [this.mountpoint, '-o', this.options], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: patience,
    });
    if (error === undefined && status === 0 && fuseMountAt(this.mountpoint) !== undefined) return;
    throw new Error(stderr?.trim().split('\n')[0] || error?.message || `logagg-fs ended with ${status}, not mounted`);
  }

  /** Unmounts and removes everything. Can be called at any time, and again. */
  end(): void {
    unmount(this.mountpoint);
    if (fuseMountAt(this.mountpoint) === undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}
