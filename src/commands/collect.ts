/**
 * The collect command: `logagg-fs collect ROOT`.
 *
 * Guarantees: what is wrong on the command line or in the configuration is refused before anything is collected. Does not
 * collect itself: see `src/collector/run-collect.ts`, which is loaded only when there is something to do; mounting loads
 * none of it.
 */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type FormatName, formatNames } from '../collector/formats/format.js';
import { LogaggError } from '../config/errors.js';
import { listenAddressForms, readListenAddress } from '../config/listen-address.js';

interface CollectFlags {
  readonly to?: readonly string[];
  readonly format?: FormatName;
  readonly config?: string;
  readonly once?: true;
  readonly batchBytes: number;
  readonly batchSeconds: number;
  readonly logfile?: string;
  readonly metrics?: string;
}

const collectHelp = `
Destinations:
  stdout:                              standard output
  file:///srv/logs/all.log             a file that is appended to
  http(s)://HOST/PATH                  a POST a batch
  syslog+udp:// syslog:// syslog+tls://HOST:PORT
  es://HOST:9200?index=NAME            Elasticsearch and OpenSearch, bulk API

Examples:
  logagg-fs collect /logcache --to stdout: --once          print what was captured, and remove it
  logagg-fs collect /logcache --to syslog://loghost:514    follow
  logagg-fs collect /logcache --config /etc/logagg-fs/collector.yaml

Every line is delivered at least once. A chunk is removed when all its destinations have acknowledged it.
Secrets: in the configuration, or LOGAGG_USER, LOGAGG_PASSWORD, LOGAGG_TOKEN, LOGAGG_API_KEY in the environment.

Exit codes: 0 done or ended by SIGTERM, 1 failed, 2 wrong command line or configuration, 3 the log cache can't
be used, 4 another collector drains it.`;

/**
 * Adds `collect` to the program.
 *
 * @param program - the commander program of `logagg-fs`
 */
export function addCollect(program: Command): void {
  program
    .command('collect')
    .summary('deliver captured lines and remove their chunks')
    .description('Delivers what was captured: reads the chunks of a log cache, and removes those that have arrived.')
    .usage('ROOT --to URL… | --config FILE [OPTION…]')
    .argument('<ROOT>', 'the log cache, as in root= of the mount')
    .addOption(new Option('--to <URL>', 'where to deliver; may be repeated').argParser(addValue))
    .addOption(new Option('--format <NAME>', 'what records look like (default: by destination)').choices(formatNames))
    .option('--config <FILE>', 'destinations and routes, see etc/collector.yaml')
    .option('--once', 'deliver all that is there, and end')
    .option('--batch-bytes <N>', 'size of a batch; k and m allowed', parseBytes, 1024 * 1024)
    .option('--batch-seconds <S>', 'a smaller batch waits so long for more', parseSeconds, 1)
    .option('--logfile <FILE>', 'own log (default: stderr)')
    .option('--metrics <ADDRESS>', 'serve metrics: unix:PATH, PORT of 127.0.0.1, or ADDRESS:PORT', parseAddress)
    .addHelpText('after', collectHelp)
    .action(async (root: string, flags: CollectFlags) => {
      checkFlags(flags);
      const { runCollect } = await import('../collector/run-collect.js');
      const { exitCode, isQuiet } = await runCollect({
        root: resolve(root),
        to: flags.to ?? [],
        format: flags.format,
        config: flags.config === undefined ? undefined : resolve(flags.config),
        once: flags.once === true,
        batchBytes: flags.batchBytes,
        batchSeconds: flags.batchSeconds,
        logfile: flags.logfile === undefined ? undefined : resolve(flags.logfile),
        metrics: flags.metrics,
      });
      // Not only the exit code: a write to somebody who reads no more would keep the process for ever. Node's own exit
      // waits for threads; it is preferred because it lets tools that watch Node do their work.
      if (!isQuiet) (await import('../libc/calls.js')).exitNow(exitCode);
      process.exit(exitCode);
    });
}

function checkFlags({ to, config, format }: CollectFlags): void {
  if (to === undefined && config === undefined) {
    throw new LogaggError('LOGAGG_USAGE', 'say where to deliver: --to URL or --config FILE (see collect --help)');
  }
  if (config !== undefined && (to !== undefined || format !== undefined)) {
    throw new LogaggError(
      'LOGAGG_USAGE',
      '--config already says where and how to deliver: leave out --to and --format',
    );
  }
}

function addValue(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function parseBytes(value: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([km]?)$/i.exec(value) ?? [];
  const bytes = Number(digits || Number.NaN) * ({ k: 1024, m: 1024 ** 2 }[unit.toLowerCase()] ?? 1);
  if (bytes >= 1024 && bytes <= 64 * 1024 ** 2) return bytes;
  throw new InvalidArgumentError('It must be from 1k to 64m.');
}

function parseAddress(value: string): string {
  const address = readListenAddress(value, process.cwd());
  if (address !== undefined) return address;
  throw new InvalidArgumentError(`It takes ${listenAddressForms}.`);
}

function parseSeconds(value: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (seconds >= 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('It must be from 0 to 3600.');
}
