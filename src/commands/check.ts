/**
 * The check command: `logagg-fs check [MOUNTPOINT|ROOT]`.
 *
 * Guarantees: only reads the command line. What it does: `src/check/`.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';

const checkHelp = `
Without a place it checks every logagg-fs line of the fstab; with --config alone only the collector's configuration.

Exit codes: 0 nothing wrong (there may be warnings), otherwise that of the first error: 2 an option, a pattern or the
configuration is wrong, 3 the mountpoint or the log cache can't be used, 5 the host can't do it, 1 anything else.`;

/**
 * Adds `check` to the program.
 * @param program - the commander program of `logagg-fs`
 */
export function addCheck(program: Command): void {
  program
    .command('check')
    .summary('check fstab, patterns and the configuration')
    .description('Checks fstab lines, mount options, trackfiles.txt and the configuration of the collector.')
    .usage('[MOUNTPOINT|ROOT] [--fstab FILE] [--config FILE]')
    .argument('[PLACE]', 'a mountpoint or a log cache')
    .option('--fstab <FILE>', 'another fstab', '/etc/fstab')
    .option('--config <FILE>', 'configuration of the collector')
    .addHelpText('after', checkHelp)
    .action(async (place: string | undefined, { fstab, config }: { fstab: string; config?: string }) => {
      const { runCheck } = await import('../check/run-check.js');
      process.exitCode = await runCheck({
        place: place === undefined ? undefined : resolve(place),
        fstab: resolve(fstab),
        config: config === undefined ? undefined : resolve(config),
      });
    });
}
