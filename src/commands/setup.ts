/**
 * The setup command: `logagg-fs setup MOUNTPOINT --root DIR`.
 *
 * Guarantees: only reads the command line. What it does: `src/setup/`.
 */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LogaggError } from '../config/errors.js';

interface SetupCommandFlags {
  readonly root?: string;
  readonly track?: readonly string[];
  readonly copy?: true;
  readonly ioUring?: true;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly restart?: true;
  readonly wait: number;
}

const setupHelp = `
The existing logs stay where they are (mount option inplace). With --copy they are copied into the log cache, and programs
that hold old files have to be restarted while the command runs: it brings their lines along until then.

Examples:
  logagg-fs setup /var/log --root /logcache --track '/var/log/**/*.log' --dry-run
  logagg-fs setup /var/log --root /logcache --track /var/log/syslog --restart
  logagg-fs setup /var/log --undo

Exit codes: 0 done, 1 a step failed and all were taken back, 2 wrong command line, 3 mountpoint or --root can't be
used, 4 already mounted with another log cache, 5 not supported by this host.`;

/**
 * Adds `setup` to the program.
 * @param program - the commander program of `logagg-fs`
 */
export function addSetup(program: Command): void {
  program
    .command('setup')
    .summary('set a host up: fstab, log cache, mount; or --undo it')
    .description('Sets logagg-fs up over a directory of logs, without a reboot, and tests it.')
    .usage('MOUNTPOINT --root DIRECTORY [OPTION…]')
    .argument('<MOUNTPOINT>', 'the directory of logs, usually /var/log')
    .option('--root <DIRECTORY>', 'the log cache; made when missing')
    .addOption(new Option('--track <PATTERN>', 'what to capture; may be repeated').argParser(addValue))
    .option('--copy', 'copy the logs into the log cache instead of serving them in place')
    .option('--io-uring', 'also switch FUSE over io_uring on (faster, Linux 6.14 and later)')
    .option('--dry-run', 'only say what would be done')
    .option('--undo', 'give the host back as it was, with all logs')
    .option('-y, --yes', 'do not ask')
    .option('--restart', 'restart the services that hold old files')
    .option('--wait <SECONDS>', 'how long to wait for programs that are to be restarted', parseSeconds, 60)
    .addHelpText('after', setupHelp)
    .action(async (given: string, flags: SetupCommandFlags) => {
      const { resolveMountpoint } = await import('../daemon/mountpoint.js');
      const mountpoint = resolveMountpoint(resolve(given));
      const root = flags.root === undefined ? undefined : resolve(flags.root);
      const { dryRun = false, yes = false, restart = false, wait } = flags;
      if (flags.undo === true) {
        const { undoSetup } = await import('../setup/undo-setup.js');
        return undoSetup(mountpoint, root, { dryRun, yes, restart, wait });
      }
      if (root === undefined) throw new LogaggError('LOGAGG_USAGE', 'say where the log cache is: --root DIRECTORY');
      const { runSetup } = await import('../setup/run-setup.js');
      const { track: patterns = [], copy = false, ioUring = false } = flags;
      await runSetup({ mountpoint, root, patterns, copy, ioUring }, { dryRun, yes, restart, wait });
    });
}

function addValue(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function parseSeconds(value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be whole seconds.');
}
