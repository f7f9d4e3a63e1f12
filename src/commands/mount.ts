/**
 * The mount command, in its two forms: `logagg-fs [SOURCE] MOUNTPOINT` and, for mount(8), `mount.logagg-fs SOURCE
 * MOUNTPOINT`.
 *
 * Guarantees: options and positionals come in any order; what is wrong is refused before anything is mounted. Does not
 * mount itself: see `src/daemon/launch.ts`, which is loaded only when there is something to mount.
 */

import { type Command, Option } from 'commander';
import { ExitCode, LogaggError } from '../config/errors.js';
import { type MountOptions, parseMountOptions } from '../config/mount-options.js';

/** The flags of `logagg-fs`; libfuse's `-s`, `-n` and `-v` are accepted and mean nothing. */
interface MountFlags {
  readonly options?: readonly string[];
  readonly foreground?: true;
  readonly debug?: true;
}

/** The flags of `mount.logagg-fs`, as mount(8) documents them for its helpers. */
interface HelperFlags {
  readonly options?: readonly string[];
  readonly fake?: true;
  readonly sloppy?: true;
  readonly verbose?: true;
  readonly namespace?: string;
}

const optionsHelp = `
Mount options (-o), the first one required:
  root=DIRECTORY        the log cache: mirror/, logs/ and trackfiles.txt; made when missing
  logfile=FILE          our own log (default: logagg-fs.log in root=, stderr in the foreground)
  loglevel=LEVEL        trace, debug, info, warn, error or fatal (default: info)
  inplace               the real files stay in the directory underneath; <root>/mirror is a bind mount of it
  group=GROUP           group that may read chunks (default: root alone)
  chunksize=BYTES       start a new chunk beyond this size; k and m allowed (default: 500000)
  seal=SECONDS          seal a chunk that was idle for so long (default: 10)
  skipwriters=A:B       commands whose writes are not captured (default: logrotate:gzip:bzip2:xz:zstd)
  engine=ENGINE         auto, kernel or fuse-native (default: auto)
  transport=TRANSPORT   auto, uring or device, for engine=kernel (default: auto)
  passthrough=on|off    reads go straight to the mirror's files where the kernel can (default: on)
  busypoll=MICROSECONDS wait actively for the next request, 0 to 1000 (default: 50)
  ro, nosuid, nodev, noexec, noatime, sync and the like as in mount(8)

Write a comma in a value as \\054, a space as \\040, or put the value in double quotes.

In /etc/fstab:
  logagg-fs  /var/log  fuse.logagg-fs  root=/logcache,logfile=/logcache/fuse.log,nofail  0  0

Exit codes: 0 mounted (-f: ended cleanly), 1 failed, 2 wrong command line or option, 3 mountpoint,
root= or logfile= can't be used, 4 already mounted, 5 not supported by this host.`;

/**
 * Makes mounting what `program` does when no subcommand is named.
 *
 * @param program - the commander program of `logagg-fs`
 */
export function addMount(program: Command): void {
  program
    .usage('[SOURCE] MOUNTPOINT -o root=DIRECTORY[,OPTION…]')
    .argument('[SOURCE]', 'name that df shows (default: logagg-fs)')
    .argument('[MOUNTPOINT]', 'directory to mount over, usually /var/log')
    .addOption(mountOption())
    .option('-f, --foreground', 'stay in the foreground, log to stderr')
    .option('-d, --debug', 'stay in the foreground with loglevel=debug')
    .addOption(new Option('-s').hideHelp())
    .addOption(new Option('-n').hideHelp())
    .addOption(new Option('-v').hideHelp())
    .addHelpText('after', optionsHelp)
    .action(async (first: string | undefined, second: string | undefined, flags: MountFlags) => {
      const [source, mountpoint] = second === undefined ? [undefined, first] : [first, second];
      const options = readOptions(source, mountpoint, flags.options);
      const debug = flags.debug === true;
      const foreground = debug || flags.foreground === true;
      process.exitCode = await mount(debug ? { ...options, loglevel: 'debug' } : options, foreground);
    });
}

/**
 * Makes `program` a helper of mount(8).
 *
 * @param program - the commander program of `mount.logagg-fs`
 */
export function addMountHelper(program: Command): void {
  program
    .usage('SOURCE MOUNTPOINT [-sfnv] [-o OPTION[,OPTION…]] [-t TYPE]')
    .argument('<SOURCE>', 'name that df shows')
    .argument('<MOUNTPOINT>', 'directory to mount over')
    .addOption(mountOption())
    .option('-f, --fake', 'check everything, mount nothing')
    .option('-s, --sloppy', 'ignore unknown mount options')
    .option('-n, --no-mtab', 'accepted; there is no mtab to write')
    .option('-v, --verbose', 'say what was mounted')
    .option('-t, --type <TYPE>', 'accepted; the file system is always fuse.logagg-fs')
    .addOption(new Option('-N, --namespace <NAMESPACE>').hideHelp())
    .addHelpText('after', optionsHelp)
    .action(async (source: string, mountpoint: string, flags: HelperFlags) => {
      refuseNamespace(flags.namespace);
      const options = readOptions(source, mountpoint, flags.options, flags.sloppy === true);
      const exitCode = flags.fake === true ? await pretend(options) : await mount(options, false);
      process.exitCode = exitCode;
      if (flags.verbose !== true || exitCode !== ExitCode.ok) return;
      const done = flags.fake === true ? 'would be mounted' : 'mounted';
      process.stdout.write(`logagg-fs: ${options.source} ${done} on ${options.mountpoint}\n`);
    });
}

function mountOption(): Option {
  return new Option('-o, --options <OPTIONS>', 'mount options, see below; may be repeated').argParser(
    (value: string, previous: readonly string[] = []) => [...previous, value],
  );
}

function readOptions(
  source: string | undefined,
  mountpoint: string | undefined,
  optionStrings: readonly string[] = [],
  sloppy = false,
): MountOptions {
  if (!mountpoint) {
    throw new LogaggError(
      'LOGAGG_USAGE',
      'the mountpoint is missing: logagg-fs MOUNTPOINT -o root=DIRECTORY (see --help)',
    );
  }
  return parseMountOptions({ ...(source ? { source } : {}), mountpoint, optionStrings, cwd: process.cwd(), sloppy });
}

async function mount(options: MountOptions, foreground: boolean): Promise<number> {
  const { preflight } = await import('../daemon/preflight.js');
  preflight(options);
  const { launch } = await import('../daemon/launch.js');
  return launch(options, { foreground });
}

async function pretend(options: MountOptions): Promise<number> {
  const { inspect } = await import('../daemon/preflight.js');
  inspect(options);
  return ExitCode.ok;
}

/** mount(8) leaves entering the namespace to the helper, and Node can't do it. */
function refuseNamespace(namespace: string | undefined): void {
  if (namespace === undefined) return;
  throw new LogaggError(
    'LOGAGG_UNSUPPORTED',
    `-N is not supported: use nsenter --mount=${namespace} and mount without -N`,
  );
}
