/**
 * A folder in which nobody, Debian's user without privileges, can mount for himself.
 *
 * Guarantees: afterwards the mount is gone and so is the folder. `/dev/fuse` is opened to everyone meanwhile, as Debian has
 * it; some containers close it. Only the mounter may look into such a mount: tests must act as him.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type Outcome, run } from './commands.js';
import { abortAndDetach, fuseMountAt } from './fuse-mounts.js';
import type { CleanUpRegistry } from './mount-fixture.js';
import { fuseServersMentioning, isRunning } from './processes.js';
import { launcher, nobody, temporaryPrefix } from './project.js';

const DEVICE = '/dev/fuse';

export class UnprivilegedMount {
  readonly folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  readonly mountpoint = join(this.folder, 'log');
  readonly root = join(this.folder, 'cache');
  readonly logs = join(this.root, 'logs');
  private readonly deviceMode = statSync(DEVICE).mode & 0o777;

  /** Makes the folders, tracking everything. Does not mount. */
  constructor(context: CleanUpRegistry) {
    context.after(() => this.dispose());
    chmodSync(DEVICE, 0o666);
    for (const folder of [this.folder, this.mountpoint, this.root]) {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, nobody, nobody);
    }
    writeFileSync(join(this.root, 'trackfiles.txt'), `${this.mountpoint}/**\n`);
  }

  /** Runs the mount command as nobody. */
  mount(...options: string[]): Promise<Outcome> {
    return this.run(launcher, [this.mountpoint, '-o', [`root=${this.root}`, ...options].join()]);
  }

  /** Runs a program as nobody. */
  run(command: string, args: readonly string[]): Promise<Outcome> {
    return run(command, args, { uid: nobody, gid: nobody, cwd: '/' });
  }

  /** Runs a shell script as nobody, in the mountpoint. */
  script(text: string): Promise<Outcome> {
    return this.run('sh', ['-c', `cd '${this.mountpoint}' && ${text}`]);
  }

  get isMounted(): boolean {
    return fuseMountAt(this.mountpoint) !== undefined;
  }

  serverPids(): number[] {
    return fuseServersMentioning(this.folder).filter(isRunning);
  }

  private async dispose(): Promise<void> {
    const pids = this.serverPids();
    const mount = fuseMountAt(this.mountpoint);
    if (mount !== undefined) abortAndDetach(mount);
    chmodSync(DEVICE, this.deviceMode);
    await eventually(() => !pids.some(isRunning), { within: 10_000, what: 'the end of the server' });
    if (!this.isMounted) rmSync(this.folder, { recursive: true, force: true });
  }
}
