/**
 * A mount namespace of a test's own, in which /etc, /usr/bin and /usr/sbin can be changed without anybody noticing.
 *
 * Guarantees: nothing that is done through {@link PrivateHost.run} to those directories or to mounts is seen outside; files in
 * the test's folder are shared. Everything ends with the test. Needs root and overlayfs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, eventually, killGroup, type Outcome, type RunOptions, run } from './commands.js';
import type { CleanUpRegistry } from './mount-fixture.js';
import { fuseServersMentioning, isRunning } from './processes.js';
import { launcher, temporaryPrefix } from './project.js';
import { killEverything } from './sudden-end.js';

const changeable = ['/etc', '/usr/bin', '/usr/sbin'];

export class PrivateHost {
  readonly folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  /** The directory of logs. */
  readonly logs = join(this.folder, 'log');
  readonly root = join(this.folder, 'cache');
  private readonly children: ChildProcess[] = [];
  private holder: ChildProcess | undefined;

  /** @param fstab - its text */
  static async start(context: CleanUpRegistry, fstab: string): Promise<PrivateHost> {
    const host = new PrivateHost();
    context.after(() => host.dispose());
    mkdirSync(host.logs);
    await host.enter(fstab);
    return host;
  }

  private async enter(fstab: string): Promise<void> {
    const overlays = changeable.map((directory, index) => {
      const [upper, work] = ['upper', 'work'].map((name) => join(this.folder, 'overlay', `${index}`, name));
      for (const path of [upper, work]) mkdirSync(path ?? '', { recursive: true });
      return `mount -t overlay overlay -o lowerdir=${directory},upperdir=${upper},workdir=${work} ${directory}`;
    });
    const script = [...overlays, 'printf "%s" "$1" > /etc/fstab', 'echo ready', 'exec sleep 3600'].join(' && ');
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', fstab], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.holder = holder;
    let text = '';
    holder.stdout.on('data', (part: Buffer) => {
      text += part.toString();
    });
    await eventually(() => text.includes('ready'), { within: 10_000, what: 'a mount namespace' });
  }

  /** Runs a program in the namespace. */
  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return run('nsenter', [...this.inside(), command, ...args], { timeout: 120_000, ...options });
  }

  /** Runs `logagg-fs setup` for the directory of logs. */
  setup(...args: string[]): Promise<Outcome> {
    return this.run(launcher, ['setup', this.logs, ...args], { timeout: 600_000 });
  }

  /** Starts a program in the namespace that ends with the test. */
  spawn(command: string, args: readonly string[]): ChildProcess {
    const child = spawn('nsenter', [...this.inside(), command, ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.push(child);
    return child;
  }

  /** Text of a file as the namespace has it. */
  async read(path: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('cat', [path]);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  }

  /** The lines of the namespace's mount table that name `path`. */
  mountsAt(path: string): string[] {
    const table = readFileSync(`/proc/${this.holder?.pid}/mountinfo`, 'utf8');
    return table.split('\n').filter((line) => line.split(' ')[4] === path);
  }

  servers(): number[] {
    return fuseServersMentioning(this.folder).filter(isRunning);
  }

  async dispose(): Promise<void> {
    for (const child of this.children) {
      killGroup(child);
      await ended(child);
    }
    for (const path of [this.logs, join(this.root, 'mirror')]) {
      while (this.mountsAt(path).length > 0) await this.run('umount', ['-l', path]);
    }
    await eventually(() => this.servers().length === 0, { within: 10_000, what: 'the end of the server' }).catch(() =>
      killEverything(this.folder),
    );
    if (this.holder !== undefined) {
      killGroup(this.holder);
      await ended(this.holder);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private inside(): string[] {
    return ['--mount', `--target=${this.holder?.pid}`, '--'];
  }
}
