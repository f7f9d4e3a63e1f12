/**
 * A mounted logagg-fs for one test, everything below one temporary folder.
 *
 * Guarantees: after the test the mount is gone, its server has ended and the folder is removed, also when the test
 * failed; a mount that hangs is aborted. Needs root. Does not hide a server that survives its unmount: the runner's
 * check finds it.
 *
 * With LOGAGG_TEST_STAND_IN=bindfs the mount is Debian's bindfs instead: to tell a mistake of ours from a trait of FUSE.
 * LOGAGG_TEST_OPTIONS holds mount options that come on top, for example `engine=fuse-native`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, ended, eventually, killGroup, type Outcome, output, run } from './commands.js';
import { abortAndDetach, fuseMountAt } from './fuse-mounts.js';
import { fuseServersMentioning, isRunning, killServersMentioning, supervisorsMentioning } from './processes.js';
import { launcher, temporaryPrefix } from './project.js';
import { stopWatching, watchOver } from './watchdog.js';

/** What a test can choose about its mount. */
export interface FixtureOptions {
  /**
   * Lines of trackfiles.txt, without line ends. A path that does not begin with `/` is taken below the mountpoint.
   * Without this no trackfiles.txt is written.
   */
  readonly patterns?: readonly string[];
  /** Mount options besides `root=` and `allow_other`, for example `seal=1`. */
  readonly options?: readonly string[];
  /** Stay in the foreground: the fixture then holds the process. */
  readonly foreground?: boolean;
  /** Name of the mountpoint's directory; `log` unless said otherwise. */
  readonly name?: string;
}

/** Anything that takes a clean-up function, such as a test's context. */
export interface CleanUpRegistry {
  after(cleanUp: () => Promise<void>): unknown;
}

const standIn = process.env.LOGAGG_TEST_STAND_IN;
const optionsOnTop = process.env.LOGAGG_TEST_OPTIONS?.split(',') ?? [];

/** One temporary folder with a mountpoint and a log cache in it. */
export class MountFixture implements CleanUpRegistry {
  /** The temporary folder itself; readable by everyone. */
  readonly folder: string;
  readonly mountpoint: string;
  readonly root: string;
  readonly mirror: string;
  readonly logs: string;
  readonly trackfiles: string;
  /** The server, when it stays in the foreground. */
  foreground: ChildProcess | undefined;
  /** What the foreground server wrote to its standard error so far. */
  foregroundStderr = '';
  private readonly options: FixtureOptions;
  private readonly cleanUps: (() => Promise<void>)[] = [];

  private constructor(options: FixtureOptions) {
    this.options = options;
    this.folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
    chmodSync(this.folder, 0o755);
    this.mountpoint = join(this.folder, options.name ?? 'log');
    this.root = join(this.folder, 'cache');
    this.mirror = join(this.root, 'mirror');
    this.logs = join(this.root, 'logs');
    this.trackfiles = join(this.root, 'trackfiles.txt');
    mkdirSync(this.mountpoint);
  }

  /** Makes the folders and mounts. `context` is the test's context; it gets the clean-up. */
  static async mount(context: CleanUpRegistry, options: FixtureOptions = {}): Promise<MountFixture> {
    const fixture = MountFixture.prepare(context, options);
    await fixture.remount();
    return fixture;
  }

  /** Makes the folders without mounting. */
  static prepare(context: CleanUpRegistry, options: FixtureOptions = {}): MountFixture {
    const fixture = new MountFixture(options);
    context.after(() => fixture.dispose());
    if (options.patterns !== undefined) {
      mkdirSync(fixture.root, { mode: 0o700 });
      fixture.writeTrackfiles(`${options.patterns.map((line) => fixture.pattern(line)).join('\n')}\n`);
    }
    return fixture;
  }

  /** Registers what must happen before the mount goes, such as ending a program that has a file open on it. */
  after(cleanUp: () => Promise<void>): void {
    this.cleanUps.unshift(cleanUp);
  }

  /** Mounts, with what is in the log cache already. Returns when the mount command has returned. */
  async remount(extraOptions: readonly string[] = []): Promise<void> {
    watchOver(this.mountpoint);
    if (this.options.foreground) return this.startForeground();
    const outcome = await this.runMount(extraOptions);
    if (outcome.code !== 0) throw new Error(`mounting failed: ${describe(outcome)}`);
  }

  /** Mounts with a server that may have only so many descriptors. */
  async remountWithLimit(descriptors: number): Promise<void> {
    watchOver(this.mountpoint);
    await output('prlimit', [`--nofile=${descriptors}:${descriptors}`, launcher, ...this.mountArguments()]);
  }

  /** Runs the mount command in the background and returns its outcome, whatever it is. */
  runMount(extraOptions: readonly string[] = []): Promise<Outcome> {
    if (standIn === 'bindfs') return this.mountStandIn();
    return run(launcher, this.mountArguments(extraOptions), { timeout: 30_000 });
  }

  /** Arguments of the mount command. */
  mountArguments(extraOptions: readonly string[] = []): string[] {
    const all = ['allow_other', `root=${this.root}`, ...(this.options.options ?? []), ...optionsOnTop, ...extraOptions];
    return [this.mountpoint, '-o', all.join(',')];
  }

  private async mountStandIn(): Promise<Outcome> {
    mkdirSync(this.mirror, { recursive: true });
    return run('bindfs', ['-o', 'allow_other,dev,suid', this.mirror, this.mountpoint]);
  }

  private async startForeground(): Promise<void> {
    const child = spawn(launcher, [...this.mountArguments(), '-f'], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (part: Buffer) => {
      this.foregroundStderr += part.toString();
    });
    this.foreground = child;
    await eventually(() => fuseMountAt(this.mountpoint), { within: 20_000, what: 'a mount in the foreground' });
    // The mount is listed before the server answers; a program of its own waits for the first answer.
    await output('stat', [this.mountpoint], { timeout: 20_000 });
  }

  /** Path below the mountpoint. */
  path(...names: string[]): string {
    return join(this.mountpoint, ...names);
  }

  /** A line of trackfiles.txt with a relative path made absolute: `!x.log` becomes `!MOUNTPOINT/x.log`. */
  pattern(line: string): string {
    const [, mark = '', glob = ''] = /^(!?)(.*)$/s.exec(line) ?? [];
    return glob === '' || glob.startsWith('/') || glob.startsWith('#') ? line : `${mark}${this.path(glob)}`;
  }

  /** Writes trackfiles.txt in place: exactly this text. */
  writeTrackfiles(text: string | Buffer): void {
    writeFileSync(this.trackfiles, text);
  }

  /** The same in one step, as for a list that is changed again and again. */
  replaceTrackfiles(text: string): void {
    writeFileSync(`${this.trackfiles}.new`, text);
    renameSync(`${this.trackfiles}.new`, this.trackfiles);
  }

  /** Whether the mountpoint is mounted, by the kernel's list. */
  isMounted(): boolean {
    return fuseMountAt(this.mountpoint) !== undefined;
  }

  /** Processes that serve this mount. */
  serverPids(): number[] {
    return fuseServersMentioning(this.folder).filter(isRunning);
  }

  /** Processes that start another server when one dies, and their helpers. */
  supervisorPids(): number[] {
    return supervisorsMentioning(this.folder).filter(isRunning);
  }

  /** Kills the servers for good, so that the mount is dead. */
  async kill(): Promise<void> {
    killServersMentioning(this.folder);
    await eventually(() => this.serverPids().length === 0 && this.supervisorPids().length === 0, {
      within: 10_000,
      what: 'the end of the server',
    });
  }

  /** The server's pid, when exactly one process serves this mount. */
  serverPid(): number {
    const [pid, ...others] = this.serverPids();
    if (pid === undefined || others.length > 0)
      throw new Error(`${others.length + (pid ? 1 : 0)} servers instead of 1`);
    return pid;
  }

  /** Own log of the server in the background, as far as it was written. */
  ownLog(): string {
    const path = join(this.root, 'logagg-fs.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Unmounts with umount(8) and waits for the server's end. Throws when one of them does not happen in 10 s. */
  async unmount(): Promise<void> {
    const pids = [...this.supervisorPids(), ...this.serverPids()];
    await this.runUmount();
    stopWatching(this.mountpoint);
    await eventually(() => !pids.some(isRunning), { within: 10_000, what: 'the end of the server after umount' });
    if (this.foreground !== undefined) await ended(this.foreground);
  }

  /** A program that has just ended may hold the mount for another moment. */
  private async runUmount(): Promise<void> {
    for (const end = Date.now() + 5000; ; await delay(100)) {
      const outcome = await run('umount', [this.mountpoint], { timeout: 10_000 });
      if (outcome.code === 0) return;
      const isBusy = outcome.stderr.includes('busy');
      if (!isBusy || Date.now() > end) throw new Error(`umount failed: ${describe(outcome)}`);
    }
  }

  /** Ends everything of this fixture by force where needed. Never throws because of a hung mount. */
  async dispose(): Promise<void> {
    let failure: unknown;
    for (const cleanUp of this.cleanUps) await cleanUp();
    const isServed = this.serverPids().length > 0 || this.supervisorPids().length > 0;
    if (this.isMounted() && isServed) await this.unmount().catch((error: unknown) => (failure = error));
    if (failure !== undefined) killServersMentioning(this.folder);
    for (let mount = fuseMountAt(this.mountpoint); mount !== undefined; mount = fuseMountAt(this.mountpoint)) {
      abortAndDetach(mount);
      if (fuseMountAt(this.mountpoint)?.connection === mount.connection) break;
    }
    stopWatching(this.mountpoint);
    if (this.foreground !== undefined) killGroup(this.foreground);
    // rmSync would follow into a mount that is still there.
    if (!this.isMounted()) rmSync(this.folder, { recursive: true, force: true });
    if (failure !== undefined) throw failure;
  }
}
