/**
 * A clean Debian 12 in a folder: root directory by debootstrap, with mounts and processes of its own.
 *
 * Guarantees: packages come from the mirror that this host's apt is configured for. What is mounted and started inside is
 * seen by nobody outside, and is gone when it is closed. It has `/dev/fuse` and this host's network and kernel, and no init
 * system: services are not started. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, ended, eventually, killGroup, type Outcome, output, run } from './commands.js';

const release = 'bookworm';

/** Longest time in milliseconds for what fetches packages. */
const fetchLimit = 400_000;

/** The init of the root: takes in orphans, so that no ended server stays as a zombie. */
const init = 'while :; do sleep 600 & wait $!; done';

const prepare = `
set -e
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
exec chroot "$1" /bin/sh -c '${init}'
`;

export class DebianRoot {
  private readonly background: ChildProcess[] = [];

  private constructor(
    readonly folder: string,
    private readonly namespaces: ChildProcess,
    private readonly initPid: number,
  ) {}

  /** @param folder - does not exist yet */
  static async create(folder: string): Promise<DebianRoot> {
    const args = ['--variant=minbase', release, folder, await mirror()];
    await output('debootstrap', args, { timeout: fetchLimit });
    await copyProxy(folder);
    // A service that a package would start has no init system to start it.
    writeFileSync(join(folder, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    if (!existsSync(join(folder, 'dev/fuse'))) await output('mknod', [join(folder, 'dev/fuse'), 'c', '10', '229']);
    chmodSync(join(folder, 'dev/fuse'), 0o666);
    const flags = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const namespaces = spawn('unshare', [...flags, 'sh', '-c', prepare, 'sh', folder], {
      detached: true,
      stdio: 'ignore',
    });
    const initPid = await eventually(() => childOf(namespaces), {
      within: 10_000,
      what: 'a process in the namespaces',
    });
    const root = new DebianRoot(folder, namespaces, initPid);
    const isReady = async (): Promise<boolean> =>
      (await root.run('test -e /proc/self/status && test -e /etc/fstab')).code === 0;
    await eventually(isReady, { within: 10_000, what: 'the root of the namespaces' });
    return root;
  }

  /** Runs a shell command inside. */
  run(command: string, timeout = 60_000): Promise<Outcome> {
    const [program, ...args] = this.enter(command);
    return run(program, args, { timeout, env: environment });
  }

  /** Runs a shell command inside, and returns what it wrote; throws when it does not exit with 0. */
  output(command: string, timeout = 60_000): Promise<string> {
    const [program, ...args] = this.enter(command);
    return output(program, args, { timeout, env: environment });
  }

  /** Runs apt-get inside, and returns what it said. */
  apt(args: string): Promise<string> {
    return this.output(`apt-get -q -y --no-install-recommends ${args} 2>&1`, fetchLimit);
  }

  /** Starts a shell command that goes on; it is killed when the root is closed. */
  start(command: string): ChildProcess {
    const [program, ...args] = this.enter(command);
    const child = spawn(program, args, { detached: true, stdio: 'ignore', env: environment });
    this.background.push(child);
    return child;
  }

  /** Writes a file inside. Not by its path outside: an absolute symlink on the way would lead to a file of this host. */
  async write(inside: string, content: string | Buffer): Promise<void> {
    const [program, ...args] = this.enter('cat > "$1"', inside);
    const outcome = await run(program, args, { env: environment, input: content });
    if (outcome.code !== 0) throw new Error(`${inside}: ${describe(outcome)}`);
  }

  /** Whether there is something under a path inside. */
  async has(inside: string): Promise<boolean> {
    const [program, ...args] = this.enter('test -e "$1"', inside);
    return (await run(program, args, { env: environment })).code === 0;
  }

  /** Ends everything inside, and removes the folder. */
  async close(): Promise<void> {
    for (const child of [...this.background, this.namespaces]) killGroup(child);
    await Promise.all([...this.background, this.namespaces].map(ended));
    await eventually(() => !existsSync(`/proc/${this.initPid}/root/etc`), {
      within: 10_000,
      what: 'the end of the root',
    });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private enter(command: string, ...args: readonly string[]): [string, ...string[]] {
    const flags = ['--target', String(this.initPid), '--mount', '--pid', '--root', '--wd'];
    return ['nsenter', ...flags, '/bin/sh', '-c', command, 'sh', ...args];
  }
}

/** As in a login of root, and no question asked. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /_proxy$/i.test(name))),
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** The mirror that this host's apt uses for the release. */
async function mirror(): Promise<string> {
  const targets = await output('apt-get', ['indextargets', '--format', '$(RELEASE) $(SITE)']);
  const line = targets.split('\n').find((each) => each.startsWith(`${release} `));
  if (line === undefined) throw new Error(`this host's apt has no mirror for ${release}`);
  return line.slice(release.length + 1);
}

async function copyProxy(folder: string): Promise<void> {
  const settings = await output('apt-config', ['dump']);
  const lines = settings.split('\n').filter((line) => /^Acquire::https?::Proxy/i.test(line));
  writeFileSync(join(folder, 'etc/apt/apt.conf.d/80proxy'), `${lines.join('\n')}\n`);
}

function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}
